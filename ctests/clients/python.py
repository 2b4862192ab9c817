"""Debian's libvirt module for Python loads on our library, and works."""

import os

import libvirt

folder = os.environ["TEST_DIR"]
uri = f"sparse:///embed?root={folder}/root"
libvirt.virEventRegisterDefaultImpl()
libvirt.registerErrorHandler(lambda data, error: None, None)

# Our library is loaded, and libvirt's is not.
with open("/proc/self/maps") as maps:
    libraries = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
assert os.path.realpath(os.environ["LIBRARY"]) in libraries, libraries
assert not [path for path in libraries if os.path.basename(path).startswith("libvirt.so")]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../LIBVIRT_VERSION")) as version:
    major, minor, micro = map(int, version.read().split("."))
assert libvirt.getVersion() == major * 1000000 + minor * 1000 + micro

with libvirt.open(uri) as conn:
    assert conn.getType() == "SPARSE" and conn.getURI() == uri
    pool = conn.storagePoolCreateXML(
        f"<pool type='dir'><name>p</name><target><path>{folder}/pool</path></target></pool>",
        libvirt.VIR_STORAGE_POOL_CREATE_WITH_BUILD,
    )
    vol = pool.createXML(
        "<volume><name>v</name><capacity>8388608</capacity><allocation>0</allocation></volume>"
    )
    data = os.urandom(1 << 20)
    with open(f"{folder}/source", "wb") as source:
        source.truncate(8 << 20)
        os.pwrite(source.fileno(), data, 2 << 20)

    def next_piece(stream, size, file):
        return os.read(file, size)

    def where(stream, file):
        """Whether there is data, and how much there is of that or of the hole."""
        here, end = os.lseek(file, 0, os.SEEK_CUR), os.fstat(file).st_size
        if here == end:
            return False, 0
        try:
            start = os.lseek(file, here, os.SEEK_DATA)
        except OSError:
            start = end
        if start > here:
            os.lseek(file, here, os.SEEK_SET)
            return False, start - here
        length = os.lseek(file, here, os.SEEK_HOLE) - here
        os.lseek(file, here, os.SEEK_SET)
        return True, length

    def skip(stream, length, file):
        return os.lseek(file, length, os.SEEK_CUR)

    stream = conn.newStream()
    vol.upload(stream, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
    with open(f"{folder}/source", "rb") as source:
        stream.sparseSendAll(next_piece, where, skip, source.fileno())
    stream.finish()
    assert vol.info()[1:] == [8 << 20, 1 << 20], vol.info()
    with open(f"{folder}/source", "rb") as source, open(vol.path(), "rb") as copy:
        assert source.read() == copy.read()

    # There are no objects of other kinds.
    assert conn.listAllNetworks() == conn.listAllInterfaces() == conn.listAllDevices() == []
    assert conn.listAllSecrets() == conn.listNWFilters() == conn.listDefinedNetworks() == []

    # Errors are exceptions with libvirt's numbers.
    for call, code, text in (
        (lambda: pool.storageVolLookupByName("w"), libvirt.VIR_ERR_NO_STORAGE_VOL, "'w'"),
        (lambda: conn.networkDefineXML("<network/>"), libvirt.VIR_ERR_NO_SUPPORT, "virNetworkDefineXML"),
        (lambda: conn.networkLookupByName("n"), libvirt.VIR_ERR_NO_NETWORK, "'n'"),
    ):
        try:
            raise AssertionError(call())
        except libvirt.libvirtError as error:
            assert error.get_error_code() == code and text in str(error), error

    domain = conn.defineXML(
        "<domain type='kvm'><name>d</name><memory>1024</memory><os><type>hvm</type></os><devices>"
        f"<disk type='file'><driver type='raw'/><source file='{vol.path()}'/>"
        "<target dev='vda'/></disk></devices></domain>"
    )
    domain.create()
    [(record, stats)] = conn.getAllDomainStats()
    assert record.name() == "d" and stats["block.0.capacity"] == 8 << 20, stats
    assert not domain.hasManagedSaveImage() and domain.listAllCheckpoints() == []

    # An event's typed parameters are a dictionary.
    told = []
    callback = conn.domainEventRegisterAny(
        domain,
        libvirt.VIR_DOMAIN_EVENT_ID_TUNABLE,
        lambda conn, domain, parameters, opaque: told.append((domain.name(), parameters)),
        None,
    )
    domain.setBlockIoTune("vda", {"write_iops_sec": 7, "group_name": "g"})
    while not told:
        libvirt.virEventRunDefaultImpl()
    parameters = {"disk": "vda", "write_iops_sec": 7, "group_name": "g"}
    assert told == [("d", {f"blkdeviotune.{name}": value for name, value in parameters.items()})], told
    conn.domainEventDeregisterAny(callback)
    domain.destroy()
    domain.undefine()
    vol.delete()
    pool.destroy()
    del domain, record, vol, stream, pool

asked = []
auth = [[libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE], asked.append, None]
conn = libvirt.openAuth(uri, auth, libvirt.VIR_CONNECT_RO)
try:
    raise AssertionError(conn.networkDefineXML("<network/>"))
except libvirt.libvirtError as error:
    assert error.get_error_code() == libvirt.VIR_ERR_OPERATION_DENIED, error
assert conn.close() == 0 and not asked
print("python: passed")
