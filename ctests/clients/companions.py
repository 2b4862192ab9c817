"""Debian's modules for libvirt-qemu.so.0 and libvirt-lxc.so.0 load on our library, which the drop-in folder
has under these names as well, and their functions refuse."""

import os

import libvirt
import libvirt_lxc
import libvirt_qemu

folder = os.environ["TEST_DIR"]
libvirt.registerErrorHandler(lambda data, error: None, None)

# libvirt's own are not there.
with open("/proc/self/maps") as maps:
    libraries = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
assert os.path.realpath(os.environ["LIBRARY"]) in libraries, libraries
assert not [path for path in libraries if os.path.basename(path).startswith("libvirt") and ".so." in path
            and "virsparse" not in path], libraries

XML = "<domain type='kvm'><name>d</name><memory>1024</memory><os><type>hvm</type></os></domain>"
with libvirt.open(f"sparse:///embed?root={folder}/root") as conn:
    domain = conn.defineXML(XML)
    for function, call in (
        ("virDomainQemuMonitorCommand", lambda: libvirt_qemu.qemuMonitorCommand(domain, "{}", 0)),
        ("virDomainQemuAgentCommand", lambda: libvirt_qemu.qemuAgentCommand(domain, "{}", 1, 0)),
        ("virDomainLxcOpenNamespace", lambda: libvirt_lxc.lxcOpenNamespace(domain, 0)),
    ):
        try:
            call()
        except libvirt.libvirtError as error:
            # A binding that throws away what libvirt returns for an error has no more to say.
            if error.get_error_code() is not None:
                assert error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT, (function, error)
                assert function in str(error), (function, error)
        else:
            raise AssertionError(function)
    domain.undefine()
print("companions: passed")
