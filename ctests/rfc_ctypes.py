"""The designs from a script, without any binding: ctypes finds a function of a node by dlvsym."""

import ctypes
import os
import tempfile
from ctypes import CFUNCTYPE, c_char_p, c_int, c_uint, c_ulonglong, c_void_p

lib = ctypes.CDLL("libvirsparse.so.0")
loader = ctypes.CDLL(None)
loader.dlvsym.restype = c_void_p
loader.dlvsym.argtypes = [c_void_p, c_char_p, c_char_p]


def design(node, name, result, *arguments):
    address = loader.dlvsym(lib._handle, name.encode(), node.encode())
    assert address, f"{name}@{node}"
    return CFUNCTYPE(result, *arguments)(address)


def released(name, result, *arguments):
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments
    return function


HANDLER = CFUNCTYPE(None, c_void_p, c_void_p)
quiet = HANDLER(lambda opaque, error: None)
released("virSetErrorFunc", None, c_void_p, HANDLER)(None, quiet)
last_error = released("virGetLastErrorMessage", c_char_p)
open_ = released("virConnectOpen", c_void_p, c_char_p)
close = released("virConnectClose", c_int, c_void_p)
create_pool = released("virStoragePoolCreateXML", c_void_p, c_void_p, c_char_p, c_uint)
create_vol = released("virStorageVolCreateXML", c_void_p, c_void_p, c_char_p, c_uint)
free_vol = released("virStorageVolFree", c_int, c_void_p)
free_pool = released("virStoragePoolFree", c_int, c_void_p)
new_stream = released("virStreamNew", c_void_p, c_void_p, c_uint)
finish = released("virStreamFinish", c_int, c_void_p)
free_stream = released("virStreamFree", c_int, c_void_p)

arguments = (c_void_p, c_void_p, c_ulonglong, c_ulonglong, c_uint)
download = design("VIRSPARSE_RFC_2011_03", "virStorageVolDownload", c_ulonglong, *arguments)
upload = design("VIRSPARSE_RFC_2011_03", "virStorageVolUpload", c_int, *arguments)
stream_disk = design("VIRSPARSE_RFC_2011_04", "virDomainStreamDisk", c_ulonglong, c_void_p, c_char_p,
                     c_ulonglong, c_uint)

with tempfile.TemporaryDirectory(dir=os.environ["TEST_DIR"]) as folder:
    conn = open_(f"sparse:///embed?root={folder}/root".encode())
    assert conn, last_error()
    os.mkdir(f"{folder}/p")
    pool = create_pool(conn, f"<pool type='dir'><name>p</name><target><path>{folder}/p</path>"
                             "</target></pool>".encode(), 0)
    assert pool, last_error()
    vol = create_vol(pool, b"<volume><name>v</name><capacity>1048576</capacity></volume>", 0)
    assert vol, last_error()
    with open(f"{folder}/p/v", "r+b") as file:
        file.write(b"x" * 1048576)
    stream = new_stream(conn, 0)
    assert download(vol, stream, 4096, 0, 0) == 1048576 - 4096
    assert finish(stream) == 0 and free_stream(stream) == 0
    assert download(vol, None, 0, 0, 0) == 2**64 - 1
    assert b"virStorageVolDownload" in last_error(), last_error()
    # VIR_STORAGE_VOLUME_UPLOAD_WIPE
    assert upload(vol, None, 4096, 8192, 1) == 0, last_error()
    with open(f"{folder}/p/v", "rb") as file:
        assert file.read() == b"x" * 4096 + bytes(8192) + b"x" * (1048576 - 12288)
    assert stream_disk(None, b"vda", 0, 1) == 2**64 - 1
    assert b"virDomainStreamDisk" in last_error(), last_error()
    assert free_vol(vol) == 0 and free_pool(pool) == 0 and close(conn) == 0

print("the designs are found by their nodes")
