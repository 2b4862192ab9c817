"""A connection has no networks, interfaces, devices, secrets and filters, and answers as libvirt does for
a host without any. libvirt itself is asked beside ours: its test driver with a file that describes none.
That driver knows nothing of secrets and filters, for which the answers are those of libvirt 9.0's daemon."""

import os
import re
from ctypes import CDLL, CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_uint, c_void_p, create_string_buffer

NO_SUPPORT, TEST, INVALID_ARG = 3, 12, 8
NETWORK, NODEDEV, INTERFACE, SECRET, NWFILTER = 19, 22, 26, 30, 33
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/absent.rs")
UUID = b"c7a5fdbd-edaf-9455-926a-d65c16db1809"
BYTES = b"0123456789abcdef"
BYTES_TEXT = "30313233-3435-3637-3839-616263646566"
ALL_ONES = 0xFFFFFFFF


class VirError(Structure):
    _fields_ = [("code", c_int), ("domain", c_int), ("message", c_char_p)]


HANDLER = CFUNCTYPE(None, c_void_p, c_void_p)
SILENT = HANDLER(lambda data, error: None)
CALLBACK = CFUNCTYPE(None, c_void_p, c_void_p, c_int, c_int, c_void_p)
FREE = CFUNCTYPE(None, c_void_p)
WAKE = CFUNCTYPE(None, c_int, c_void_p)(lambda timer, opaque: None)


class Library:
    def __init__(self, path):
        self.lib = lib = CDLL(path)
        lib.virGetLastError.restype = POINTER(VirError)
        lib.virSetErrorFunc.argtypes = [c_void_p, HANDLER]
        lib.virSetErrorFunc(None, SILENT)
        assert lib.virEventRegisterDefaultImpl() == 0
        lib.virConnectOpen.restype = lib.virConnectOpenReadOnly.restype = c_void_p
        lib.virConnectClose.argtypes = [c_void_p]

    def call(self, name, *arguments):
        """What it returns, and the error's code, domain and text, without the name of a driver's function."""
        function = getattr(self.lib, name)
        is_object = "Lookup" in name
        function.restype = c_void_p if is_object else c_int
        function.argtypes = None
        value = function(*arguments)
        error = self.lib.virGetLastError()
        if not error:
            return value, None
        error = error.contents
        text = re.sub(r"(in function) \w+", r"\1 F", error.message.decode())
        return value, (error.code, error.domain, text)


def arguments(name, conn):
    """Ways to call a function."""
    conn = c_void_p(conn)
    names = (c_char_p * 4)()
    array = c_void_p(1)
    if name.startswith("virConnectNumOf"):
        return [[conn], [None]]
    if re.match("virConnectListAll", name):
        return [[conn, byref(array), 0], [conn, None, 0], [conn, None, 1], [conn, None, 1 << 24], [None, None, 0],
                [conn, None, c_uint(ALL_ONES)], [conn, None, 1 << 30]]
    if re.match("virConnectList", name):
        return [[conn, names, 4], [conn, names, 0], [conn, None, 0], [conn, None, 3], [conn, names, -1], [None, names, 4]]
    if name == "virNodeNumOfDevices":
        return [[conn, None, 0], [conn, b"net", 0], [conn, None, 1], [None, None, 0]]
    if name == "virNodeListDevices":
        return [[conn, None, names, 4, 0], [conn, b"net", names, 0, 0], [conn, None, None, 3, 0],
                [conn, None, names, -1, 0], [conn, None, None, 0, 0], [conn, None, names, 4, 2]]
    if name == "virNodeDeviceLookupSCSIHostByWWN":
        return [[conn, None, b"2", 0], [conn, b"1", None, 0], [None, b"1", b"2", 0], [conn, b"1", b"2", 0]]
    if name == "virSecretLookupByUsage":
        return [[conn, 1, b"/no"], [conn, 99, b"/no"], [conn, 1, None], [None, 1, b"/no"]]
    if name.endswith("LookupByUUIDString"):
        return [[conn, UUID], [conn, b"bad"], [conn, b""], [conn, None], [None, UUID]]
    if name.endswith("LookupByUUID"):
        return [[conn, create_string_buffer(BYTES, 16)], [conn, None], [None, create_string_buffer(BYTES, 16)]]
    if "Lookup" in name:
        return [[conn, b"no-such"], [conn, b""], [conn, None], [None, b"no-such"]]
    return []


# The answers of libvirt's daemon for secrets and filters.
def not_found(code, domain, text):
    return (None, (code, domain, text))


DAEMON = {
    ("virSecretLookupByUsage", 0): not_found(66, SECRET, "Secret not found: no secret with matching usage '/no'"),
    ("virSecretLookupByUsage", 1): not_found(66, SECRET, "Secret not found: no secret with matching usage '/no'"),
    ("virSecretLookupByUUID", 0): not_found(66, SECRET, f"Secret not found: no secret with matching uuid '{BYTES_TEXT}'"),
    ("virSecretLookupByUUIDString", 0):
        not_found(66, SECRET, f"Secret not found: no secret with matching uuid '{UUID.decode()}'"),
    ("virNWFilterLookupByName", 0):
        not_found(62, NWFILTER, "Network filter not found: no nwfilter with matching name 'no-such'"),
    ("virNWFilterLookupByName", 1): not_found(62, NWFILTER, "Network filter not found: no nwfilter with matching name ''"),
    ("virNWFilterLookupByUUID", 0):
        not_found(62, NWFILTER, f"Network filter not found: no nwfilter with matching uuid '{BYTES_TEXT}'"),
    ("virNWFilterLookupByUUIDString", 0):
        not_found(62, NWFILTER, f"Network filter not found: no nwfilter with matching uuid '{UUID.decode()}'"),
    ("virNWFilterBindingLookupByPortDev", 0):
        not_found(101, NWFILTER, "Network filter binding not found: no nwfilter binding for port dev 'no-such'"),
    ("virNWFilterBindingLookupByPortDev", 1):
        not_found(101, NWFILTER, "Network filter binding not found: no nwfilter binding for port dev ''"),
    # The daemon returns NULL and no error.
    ("virNodeDeviceLookupSCSIHostByWWN", 3):
        not_found(53, NODEDEV, "Node device not found: no node device with matching wwnn and wwpn '1:2'"),
}
# The lists of secrets and filters: all flags but these are refused.
FLAGS = {"virConnectListAllSecrets": (SECRET, 0xF), "virConnectListAllNWFilters": (NWFILTER, 0),
         "virConnectListAllNWFilterBindings": (NWFILTER, 0)}
# Flags that the test driver of 9.0 does not know: two kinds of devices, and whether one is kept, and there.
LATER = {"virConnectListAllNodeDevices": 0xF << 28 | 3 << 22}
# The test driver's errors are of its own domain.
DOMAINS = {"Network": NETWORK, "Interface": INTERFACE, "NodeDevice": NODEDEV, "NodeNum": NODEDEV, "NodeList": NODEDEV}


def domain_of(name):
    return next(domain for word, domain in DOMAINS.items() if word in name)


def expected(name, index, given, answer):
    """The expected answer of our library where libvirt's test driver has that one."""
    if answer[1] is None:
        return answer
    code, domain, text = answer[1]
    if code == NO_SUPPORT and (name, index) in DAEMON:
        return DAEMON[name, index]
    if code == NO_SUPPORT and name in FLAGS:
        domain, known = FLAGS[name]
        flags = getattr(given[2], "value", given[2])
        unknown = flags & ~known & ALL_ONES
        if unknown:
            return -1, (INVALID_ARG, domain, f"unsupported flags (0x{unknown:x}) in function F")
        return 0, None
    if code == NO_SUPPORT:
        return 0, None
    if domain == TEST:
        domain = domain_of(name)
    if name in LATER and text.startswith("unsupported flags"):
        unknown = int(re.search("0x([0-9a-f]+)", text)[1], 16) & ~LATER[name]
        if not unknown:
            return 0, None
        text = f"unsupported flags (0x{unknown:x}) in function F"
    return answer[0], (code, domain, text)


root = os.environ["TEST_DIR"]
with open(f"{root}/empty.xml", "w") as file:
    file.write("<node/>")
URIS = [f"sparse:///embed?root={root}/root", "test:///default", f"test://{root}/empty.xml"]
ours, theirs = Library("libvirsparse.so.0"), Library("libvirt.so.0")
with open(TABLE) as table:
    NAMES = sorted(set(re.findall(r"fn (vir\w+)", table.read())))
assert len(NAMES) >= 40, NAMES
oracle = theirs.lib.virConnectOpen(f"test://{root}/empty.xml".encode())
assert oracle

compared = 0
for uri in URIS:
    for open_it in (ours.lib.virConnectOpen, ours.lib.virConnectOpenReadOnly):
        conn = open_it(uri.encode())
        assert conn, uri
        for name in NAMES:
            for index, (given, same) in enumerate(zip(arguments(name, conn), arguments(name, oracle))):
                want = expected(name, index, same, theirs.call(name, *same))
                said = ours.call(name, *given)
                assert said == want, (uri, name, index, said, want)
                compared += 1
        assert ours.lib.virConnectClose(conn) == 0
untested = [name for name in NAMES if "Event" not in name and not arguments(name, 1)]
assert not untested, untested
assert compared > 900, compared

# A list that is empty is one to free, and one that fails is NULL.
conn = ours.lib.virConnectOpen(URIS[0].encode())
libc = CDLL(None)
libc.free.argtypes = [c_void_p]
for name in NAMES:
    if name.startswith("virConnectListAll"):
        array = c_void_p(1)
        assert ours.call(name, c_void_p(conn), byref(array), 0) == (0, None)
        assert array.value and c_void_p.from_address(array.value).value is None, name
        libc.free(array)
        array = c_void_p(1)
        assert ours.call(name, c_void_p(conn), byref(array), 1 << 24)[0] == -1 and array.value is None, name

# Callbacks for events are kept until they are taken back, in libvirt and here.
freed = []
released = FREE(lambda opaque: freed.append(opaque))
ran = CALLBACK(lambda *arguments: freed.append("event"))
for library, connection in ((ours, conn), (theirs, oracle)):
    for kind in ("Network", "NodeDevice", "Secret"):
        register, deregister = f"virConnect{kind}EventRegisterAny", f"virConnect{kind}EventDeregisterAny"
        if library is theirs and kind == "Secret":
            continue
        connection = c_void_p(getattr(connection, "value", connection))
        freed.clear()
        number, error = library.call(register, connection, None, 0, ran, c_void_p(7), released)
        assert number >= 0 and error is None, (kind, number, error)
        value, error = library.call(register, connection, None, 0, None, None, None)
        assert value == -1 and error[0] == INVALID_ARG and error[2] == f"cb in {register} must not be NULL", error
        value, error = library.call(register, connection, None, -1, ran, None, None)
        assert value == -1 and error[2] == f"eventID in {register} must be zero or greater", error
        value, error = library.call(register, connection, None, 2, ran, None, None)
        assert value == -1 and error[0] == INVALID_ARG and "must be less than" in error[2], error
        value, error = library.call(deregister, connection, number + 100)
        assert value == -1 and error[0] == INVALID_ARG, error
        assert not freed
        assert library.call(deregister, connection, number) == (0, None)
        library.lib.virEventAddTimeout.argtypes = [c_int, c_void_p, c_void_p, c_void_p]
        while library is theirs and not freed:
            # libvirt's loop calls it.
            timer = library.lib.virEventAddTimeout(0, WAKE, None, None)
            library.lib.virEventRunDefaultImpl()
            library.lib.virEventRemoveTimeout(timer)
        assert freed == [7], (kind, freed)
# A network is no handle that anybody has.
value, error = ours.call("virConnectNetworkEventRegisterAny", c_void_p(conn), c_void_p(conn), 0, ran, None, None)
assert value == -1 and error[:2] == (36, NETWORK), error
assert ours.lib.virConnectClose(conn) == 0
print(f"absent: passed, {len(NAMES)} functions, {compared} answers")
