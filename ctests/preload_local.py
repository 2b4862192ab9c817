"""Our library is preloaded, and libvirt's is loaded by dlopen with RTLD_LOCAL, as interpreters load the
libraries of their modules: functions that only libvirt's library has return errors, and do not end the process."""

import os
import subprocess
import sys

PYTHON = "/usr/bin/python3"
CODE = """
import libvirt, libvirt_qemu
libvirt.registerErrorHandler(lambda *unused: None, None)
domain = libvirt.open("test:///default").lookupByName("test")
try:
    libvirt_qemu.qemuMonitorCommand(domain, "{}", 0)
except libvirt.libvirtError as error:
    print("refused:", error)
try:
    domain.undefineFlags(1 << 30)
except libvirt.libvirtError as error:
    print("ours:", error)
"""


def run(code, **more):
    return subprocess.run([PYTHON, "-c", code], env=dict(os.environ, **more), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


if run("import libvirt, libvirt_qemu").returncode != 0:
    print("preload_local: NOT RUN: there is no python3-libvirt")
    sys.exit(0)
library = os.path.join(os.environ["LD_LIBRARY_PATH"].split(":")[0], "libvirsparse.so.0")
done = run(CODE, LD_PRELOAD=library)
print(done.stdout, done.stderr)
assert done.returncode == 0, done.returncode
assert "refused:" in done.stdout and "ours: unsupported flags" in done.stdout
print("preload_local: all passed")
