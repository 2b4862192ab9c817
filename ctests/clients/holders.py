"""Which process a domain runs in: one of its own on sparse:///session, the starter's on sparse:///embed, or as
the URI and the environment say. A domain is started by one process, which ends, used by others, and ended by another
one; also by a user who is not root, with a library that was copied somewhere else. Uses qemu-img and qemu-io."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import libvirt

FOLDER = os.environ["TEST_DIR"]
DEADLINE = 60
# nobody's number, who has no folder.
OTHER_USER = 65534

DOMAIN = """<domain type='kvm'><name>{name}</name><memory unit='MiB'>8</memory><os><type>hvm</type></os><devices>
<disk type='file'><driver name='qemu' type='raw'/><source file='{folder}/disk'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>"""


def environment(folder, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIRSPARSE_")}
    return {**kept, "HOME": folder, "XDG_STATE_HOME": f"{folder}/state", **more}


def python(code, *arguments, env, **more):
    """Runs code in a process of its own, and returns what it prints."""
    code = f"import libvirt, sys, time\nlibvirt.registerErrorHandler(lambda *_: None, None)\n{code}"
    done = subprocess.run(["/usr/bin/python3", "-c", code, *arguments], env=env, stdout=subprocess.PIPE,
                          text=True, check=True, timeout=DEADLINE, **more)
    return done.stdout.strip()


START = """
conn = libvirt.open(sys.argv[1])
dom = conn.createXML(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
print(dom.XMLDesc())
"""
DESTROY = "libvirt.open(sys.argv[1]).lookupByName(sys.argv[2]).destroy()"
LIST = "print(*sorted(dom.name() for dom in libvirt.openReadOnly(sys.argv[1]).listAllDomains(1)))"
COPY = """
conn = libvirt.open(sys.argv[1])
dom = conn.lookupByName(sys.argv[2])
target = f"<disk type='file'><source file='{sys.argv[3]}'/><driver type='qcow2'/></disk>"
dom.blockCopy("vda", target, {}, 0)
while not (dom.blockJobInfo("vda") or {"cur": 0, "end": 1})["cur"] == dom.blockJobInfo("vda")["end"]:
    time.sleep(0.01)
while True:
    try:
        dom.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
        break
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_BLOCK_COPY_ACTIVE:
            raise
        time.sleep(0.01)
"""


def holder(xml):
    found = re.search(r"<virsparse:holder xmlns:virsparse='urn:virsparse:domain:1' kind='(\w+)' pid='(\d+)' "
                      r"since='\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'/>", xml)
    assert found, xml
    return found[1], int(found[2])


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_until(what, condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.01)


def folder_with_disk(owner=None):
    """A folder that everybody may look into, as TEST_DIR is not."""
    folder = tempfile.mkdtemp(dir=FOLDER if owner is None else None)
    with open(f"{folder}/disk", "wb") as disk:
        disk.truncate(1 << 20)
    if owner is not None:
        os.chmod(folder, 0o755)
        for path in [folder, f"{folder}/disk"]:
            os.chown(path, owner, owner)
    return folder


def one_for_all(uri, env, folder, **more):
    """Each step is a process of its own, of which none waits for another."""
    kind, pid = holder(python(START, uri, DOMAIN.format(name="d", folder=folder), env=env, **more))
    assert kind == "process" and runs(pid), (kind, pid)
    assert python(LIST, uri, env=env, **more) == "d"
    python(COPY, uri, "d", f"{folder}/copy.qcow2", env=env, **more)
    xml = python("print(libvirt.open(sys.argv[1]).lookupByName('d').XMLDesc())", uri, env=env, **more)
    assert f"<source file='{folder}/copy.qcow2'" in xml, xml
    assert holder(xml) == (kind, pid)
    served = re.search(r"uri='(nbd\+unix:[^']*)'", xml)[1]
    subprocess.run(["qemu-io", "-f", "raw", "-c", "write -P 5 0 64k", served], check=True,
                   stdout=subprocess.DEVNULL)
    python(DESTROY, uri, "d", env=env, **more)
    wait_until("the end of the process", lambda: not runs(pid))
    assert python(LIST, uri, env=env, **more) == ""
    read = subprocess.run(["qemu-io", "-f", "qcow2", "-c", "read -P 5 0 64k", f"{folder}/copy.qcow2"], check=True,
                          capture_output=True, text=True).stdout
    assert "read 65536/65536" in read, read


def who_runs_what(folder, env):
    """The URI decides, then the environment, then what is usual."""
    embed = f"sparse:///embed?root={folder}/root"
    for uri, hold, expected in [
        ("sparse:///session", None, "process"),
        ("sparse:///session?hold=caller", None, "caller"),
        ("sparse:///session", "caller", "caller"),
        ("sparse:///session?hold=process", "caller", "process"),
        (embed, None, "caller"),
        (f"{embed}&hold=process", None, "process"),
        (embed, "process", "process"),
        (f"{embed}&hold=caller", "process", "caller"),
    ]:
        variable = {"VIRSPARSE_HOLD": hold} if hold else {}
        # Ends with its connection in either case.
        xml = python(START, uri, DOMAIN.format(name="d", folder=folder), str(libvirt.VIR_DOMAIN_START_AUTODESTROY),
                     env={**env, **variable})
        kind, pid = holder(xml)
        assert kind == expected, (uri, hold, kind)
        wait_until("the end of the process", lambda pid=pid: not runs(pid))
        assert python(LIST, uri, env=env) == ""


def without_the_program(folder, env):
    """As usual on sparse:///session, and said in the log."""
    log = f"{folder}/log"
    env = {**env, "VIRSPARSE_LIBEXECDIR": f"{folder}/none", "LIBVIRT_LOG_OUTPUTS": f"3:file:{log}"}
    kind, _ = holder(python(START, "sparse:///session", DOMAIN.format(name="d", folder=folder), env=env))
    assert kind == "caller", kind
    with open(log, encoding="utf-8") as file:
        text = file.read()
    assert f"domain 'd' runs in this process: " in text, text
    assert f"'{folder}/none/virsparse-domain' (No such file or directory)" in text, text


def the_log(folder, env):
    """The process of a domain writes to the file that its starter's environment names."""
    log = f"{folder}/log-of-all"
    env = {**env, "LIBVIRT_LOG_OUTPUTS": f"2:file:{log}", "LIBVIRT_DEBUG": "2"}
    _, pid = holder(python(START, "sparse:///session", DOMAIN.format(name="d", folder=folder), env=env))
    os.kill(pid, 15)
    wait_until("the end of the process", lambda: not runs(pid))
    with open(log, encoding="utf-8") as file:
        text = file.read()
    assert f"driver.holder" in text and "is shut down for signal 15" in text, text


def another_user():
    if os.geteuid() != 0:
        print("NOT RUN: another user than this one: it takes root")
        return
    folder = folder_with_disk(OTHER_USER)
    try:
        os.mkdir(f"{folder}/lib", 0o755)
        library = os.path.realpath(os.environ["LIBRARY"])
        # The program lies beside the library.
        for source, name in [(library, "libvirt.so.0"), (library, "libvirt-qemu.so.0"),
                             (library, "libvirt-lxc.so.0"),
                             (f"{os.path.dirname(library)}/../libexec/virsparse-domain", "virsparse-domain")]:
            shutil.copy(source, f"{folder}/lib/{name}")
        env = environment(folder, LD_LIBRARY_PATH=f"{folder}/lib")
        one_for_all("sparse:///session?hold=process", env, folder, user=OTHER_USER, group=OTHER_USER, cwd="/")
        assert os.stat(f"{folder}/copy.qcow2").st_uid == OTHER_USER
    finally:
        shutil.rmtree(folder)


def main():
    folder = folder_with_disk()
    env = environment(folder)
    one_for_all("sparse:///session", env, folder)
    who_runs_what(folder, env)
    without_the_program(folder, env)
    the_log(folder, env)
    another_user()
    print("domains are used by all processes, whoever has them")
    return 0


sys.exit(main())
