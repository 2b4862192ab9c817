"""virError as a script sees it, without any binding: ctypes and the structure's public layout."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_void_p


class VirError(ctypes.Structure):
    _fields_ = [
        ("code", c_int),
        ("domain", c_int),
        ("message", c_char_p),
        ("level", c_int),
        ("conn", c_void_p),
        ("dom", c_void_p),
        ("str1", c_char_p),
        ("str2", c_char_p),
        ("str3", c_char_p),
        ("int1", c_int),
        ("int2", c_int),
        ("net", c_void_p),
    ]


HANDLER = CFUNCTYPE(None, c_void_p, POINTER(VirError))

lib = ctypes.CDLL("libvirsparse.so.0")
lib.virGetLastErrorMessage.restype = c_char_p
lib.virSaveLastError.restype = POINTER(VirError)
lib.virSetErrorFunc.argtypes = [c_void_p, HANDLER]

assert ctypes.sizeof(VirError) == 80
assert lib.virGetLastErrorCode() == 0
assert lib.virGetLastErrorMessage() == b"no error"

saved = lib.virSaveLastError()
assert saved.contents.code == 0 and saved.contents.message is None
lib.virFreeError(saved)

copy = VirError(code=1)
assert lib.virCopyLastError(byref(copy)) == 0 and copy.code == 0
assert lib.virCopyLastError(None) == -1

handler = HANDLER(lambda data, error: None)
lib.virSetErrorFunc(None, handler)
lib.virSetErrorFunc(None, HANDLER(0))

print("error_ctypes: passed")
