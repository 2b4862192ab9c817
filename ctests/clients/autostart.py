"""Domains that are marked start by themselves: once after the start of the machine, when the first connection is opened
that may start them and is not read-only. A start of the machine is pretended: the file is changed that says which boot
it was done in."""

import ctypes
import os
import subprocess
import sys

import libvirt

FOLDER = os.environ["TEST_DIR"]
ROOT = f"{FOLDER}/root"
CALLER = f"sparse:///embed?root={ROOT}&hold=caller"
URI = f"sparse:///embed?root={ROOT}&hold=process"
DOMAIN = """<domain type='kvm'><name>%s</name><memory unit='MiB'>8</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices>
<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>"""
NAMES = ["always", "never", "once"]

libvirt.registerErrorHandler(lambda *unused: None, None)
library = ctypes.CDLL("libvirt.so.0")
pointer = ctypes.pythonapi.PyCapsule_GetPointer
pointer.argtypes, pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p


def c_domain(dom):
    """What C functions take; python3-libvirt of 9.0 has none for the mark for one start."""
    return ctypes.c_void_p(pointer(dom._o, b"virDomainPtr"))


def once(dom):
    mark = ctypes.c_int(7)
    assert library.virDomainGetAutostartOnce(c_domain(dom), ctypes.byref(mark)) == 0
    return mark.value


def image(name):
    path = f"{FOLDER}/{name}.img"
    with open(path, "w") as file:
        file.truncate(1 << 20)
    return path


def boot():
    with open(f"{ROOT}/run/domains.autostarted", "w") as file:
        file.write("an earlier boot\n")


def active(uri=URI, read_only=False):
    """Which domains run, as another process finds them when it opens the connection."""
    code = ("import libvirt, sys; conn = (libvirt.openReadOnly if sys.argv[2] == 'True' else libvirt.open)(sys.argv[1]);"
            "print(*sorted(d.name() for d in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)))")
    done = subprocess.run([sys.executable, "-c", code, uri, str(read_only)], check=True, text=True,
                          stdout=subprocess.PIPE)
    return done.stdout.split()


def refused(code, function, *arguments):
    try:
        function(*arguments)
    except libvirt.libvirtError as error:
        assert error.get_error_code() == code, error
        return str(error)
    raise AssertionError("not refused")


conn = libvirt.open(CALLER)
domains = {name: conn.defineXML(DOMAIN % (name, image(name))) for name in NAMES}
assert domains["always"].autostart() == 0
domains["always"].setAutostart(1)
assert once(domains["once"]) == 0
assert library.virDomainSetAutostartOnce(c_domain(domains["once"]), 1) == 0
assert once(domains["once"]) == 1 and domains["once"].autostart() == 0

boot()
assert active(URI, read_only=True) == []
assert active(CALLER) == []
assert active() == ["always", "once"]
assert once(domains["once"]) == 0
# They run in processes of their own, which go on, and are started once.
assert active() == ["always", "once"]
for name in ["always", "once"]:
    assert "kind='process'" in domains[name].XMLDesc()
    domains[name].destroy()
assert active() == []
boot()
assert active() == ["always"]
domains["always"].destroy()

# One that cannot be started does not keep the connection from being opened, nor others from starting.
os.remove(f"{FOLDER}/always.img")
library.virDomainSetAutostartOnce(c_domain(domains["never"]), 1)
boot()
assert active() == ["never"]
domains["never"].destroy()
assert once(domains["never"]) == 0
image("always")

# A mark goes with its domain, under whichever name.
library.virDomainSetAutostartOnce(c_domain(domains["once"]), 1)
domains["once"].rename("twice")
assert once(conn.lookupByName("twice")) == 1
conn.lookupByName("twice").undefine()
conn.defineXML(DOMAIN % ("twice", f"{FOLDER}/once.img"))
assert once(conn.lookupByName("twice")) == 0

# What a service does at the start of the machine, or of the session of a user.
program = os.path.join(os.path.dirname(os.environ["LIBRARY"]), "../libexec/virsparse-domain")


def service(uri):
    return subprocess.run([program, "--autostart", os.environ["LIBRARY"], uri], stderr=subprocess.PIPE, text=True)


boot()
assert service(URI).returncode == 0
assert active(CALLER) == ["always"]
domains["always"].destroy()
failed = service("sparse:///nowhere")
assert failed.returncode == 1 and "cannot open or close 'sparse:///nowhere'" in failed.stderr, failed

# Several processes that open the first connection at one time.
boot()
code = f"import libvirt; libvirt.open('{URI}')"
opening = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(6)]
assert [process.wait() for process in opening] == [0] * 6
assert active() == ["always"]
domains["always"].destroy()

transient = libvirt.open(CALLER).createXML(DOMAIN % ("transient", image("transient")))
refused(libvirt.VIR_ERR_OPERATION_INVALID, transient.setAutostart, 1)
assert library.virDomainSetAutostartOnce(c_domain(transient), 1) == -1
transient.destroy()
test = libvirt.open("test:///default").lookupByName("test")
assert library.virDomainSetAutostartOnce(c_domain(test), 1) == -1
assert libvirt.virGetLastError()[0] == libvirt.VIR_ERR_NO_SUPPORT

# root starts nothing in the root of another user.
if os.geteuid() == 0:
    os.chown(ROOT, 65534, 65534)
    boot()
    assert active() == []
    for uri in [CALLER, URI]:
        dom = libvirt.open(uri).lookupByName("never")
        assert "belongs to user 65534" in refused(libvirt.VIR_ERR_OPERATION_DENIED, dom.create)
    os.chown(ROOT, 0, 0)
    assert active() == ["always"]
    domains["always"].destroy()
print("autostart: passed")
