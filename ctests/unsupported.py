"""Functions that are not implemented refuse as libvirt's own do: the same checks of the first
argument, code, domain and message. libvirt itself is asked beside ours, in a process for each call,
because it crashes for some of what ours refuses."""

import json
import os
import re
import signal
from ctypes import CDLL, CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_uint, c_ulonglong, c_void_p

NO_SUPPORT, INVALID_CONN, INVALID_DOMAIN, OPERATION_DENIED = 3, 6, 7, 29
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/unsupported.rs")
ROW = re.compile(r"^        fn (vir\w+)\((\w+)(, change)?\) -> (.+);$", re.M)
DOMAIN = "<domain type='kvm'><name>d</name><memory>1024</memory><os><type>hvm</type></os></domain>"


class VirError(Structure):
    _fields_ = [("code", c_int), ("domain", c_int), ("message", c_char_p)]


HANDLER = CFUNCTYPE(None, c_void_p, c_void_p)
SILENT = HANDLER(lambda data, error: None)


class Library:
    """A library, with a connection and a domain, read-write and read-only."""

    def __init__(self, path, uri, domain):
        self.lib = lib = CDLL(path)
        lib.virGetLastError.restype = POINTER(VirError)
        lib.virSetErrorFunc.argtypes = [c_void_p, HANDLER]
        lib.virSetErrorFunc(None, SILENT)
        assert lib.virEventRegisterDefaultImpl() == 0
        for name in ("virConnectOpen", "virConnectOpenReadOnly", "virDomainLookupByName"):
            getattr(lib, name).restype = c_void_p
        lib.virDomainLookupByName.argtypes = [c_void_p, c_char_p]
        lib.virDomainDefineXML.argtypes = [c_void_p, c_char_p]
        self.rw, self.ro = lib.virConnectOpen(uri), lib.virConnectOpenReadOnly(uri)
        if domain == b"d":
            assert lib.virDomainDefineXML(self.rw, DOMAIN.encode())
        self.rw_domain = lib.virDomainLookupByName(self.rw, domain)
        self.ro_domain = lib.virDomainLookupByName(self.ro, domain)
        assert self.rw and self.ro and self.rw_domain and self.ro_domain

        # What libvirt has in other libraries, which ours has as well.
        self.others = [] if domain == b"d" else [CDLL(f"libvirt-{of}.so.0") for of in ("qemu", "lxc")]

    def function(self, name):
        """The function, or None."""
        found = [getattr(lib, name) for lib in (self.lib, *self.others) if hasattr(lib, name)]
        return found[0] if found else None

    def call(self, name, returns, first):
        """What it returns, and the error. None if it crashes or hangs."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            function = self.function(name)
            function.restype = c_int if returns == "c_int" else c_ulonglong
            function.argtypes = [c_void_p] * 14
            value = function(first, *[None] * 13)
            error = self.lib.virGetLastError()
            if error:
                error = error.contents
                error = [error.code, error.domain, error.message.decode()]
            os.write(writer, json.dumps([value, error or None]).encode())
            os._exit(0)
        os.close(writer)
        with open(reader, "rb") as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return json.loads(said) if said else None


root = os.environ["TEST_DIR"]
ours = Library("libvirsparse.so.0", f"sparse:///embed?root={root}/root".encode(), b"d")
theirs = Library("libvirt.so.0", b"test:///default", b"test")
with open(TABLE) as table:
    rows = ROW.findall(table.read())
assert len(rows) > 200, len(rows)
assert {"virNetworkCreateXML", "virDomainMigrateToURI3", "virSecretFree"} <= {r[0] for r in rows}

# Functions that libvirt has had since 9.0, and those of them that the one that is installed lacks.
NEW = {"virDomainAnnounceInterface", "virDomainDelThrottleGroup", "virDomainGetAutostartOnce",
       "virDomainGraphicsReload", "virDomainSetAutostartOnce", "virDomainSetThrottleGroup",
       "virNetworkGetMetadata", "virNetworkSetMetadata", "virNodeDeviceUpdate"}
newer = []
compared = {"NULL": 0, "read-only": 0, "read-write": 0}
for name, kind, change, returns in rows:
    failure = -1 if returns == "c_int" else 0
    refused = ours.call(name, returns, None)
    assert refused[0] == failure and refused[1], (name, refused)
    known = theirs.function(name) is not None
    if not known:
        newer.append(name)
    expected = theirs.call(name, returns, None) if known else None
    if expected is not None:
        assert refused == expected, (name, refused, expected)
        compared["NULL"] += 1
    if kind == "Model":  # which is no handle
        value, error = ours.call(name, returns, id(name))
        assert [value, *error] == [failure, NO_SUPPORT, 0, error[2]] and name in error[2], (name, error)
        continue
    # A handle of another kind, and memory that is no handle.
    other = ours.rw if kind != "Connect" else ours.rw_domain
    for wrong in (other, id(name)):
        again = ours.call(name, returns, wrong)
        assert again == refused, (name, again, refused)
    if kind not in ("Connect", "Domain"):
        continue

    suffix = "_domain" if kind == "Domain" else ""
    for way in ("rw", "ro"):
        value, error = ours.call(name, returns, getattr(ours, way + suffix))
        assert value == failure, (name, value)
        if change and way == "ro":
            code, text = OPERATION_DENIED, f"operation forbidden: read only access prevents {name}"
        else:
            code = NO_SUPPORT
            text = f"this function is not supported by the connection driver: {name}"
        assert [error[0], error[2]] == [code, text], (name, error)
        # libvirt's test driver supports some, and looks at other arguments first for more.
        answer = theirs.call(name, returns, getattr(theirs, way + suffix)) if known else None
        if answer and answer[1] and answer[1][0] in (NO_SUPPORT, OPERATION_DENIED):
            assert [value, error] == answer, (name, value, error, answer)
            compared["read-only" if way == "ro" else "read-write"] += 1

assert set(newer) <= NEW, newer
assert compared["NULL"] > len(rows) - len(newer) - 10, compared
assert compared["read-only"] > 70 and compared["read-write"] > 15, compared
print(f"unsupported: passed, {len(rows)} functions, {len(newer)} of them newer than libvirt's")
