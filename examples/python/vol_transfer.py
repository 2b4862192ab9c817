#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Copies a file into a storage volume, or a storage volume into a file, holes as holes.

The same tool as examples/c/vol-transfer.c, through ctypes: nothing to build or install. `Library`
is the whole binding, and other scripts may import it.

What fails leaves nothing behind that looks complete: a download is written to a temporary file
beside FILE, which takes FILE's place at the end and is removed on failure (Ctrl-C is one); a
volume that --create made is deleted again. A volume that existed before has no way back.
"""

import argparse
import errno
import functools
import os
import signal
import stat
import sys
import tempfile
import time
from ctypes import (CDLL, CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_int,
                    c_longlong, c_size_t, c_uint, c_ulonglong, c_void_p)
from xml.sax.saxutils import escape

SPARSE_STREAM = 1  # VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM, VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
GET_PHYSICAL = 1   # VIR_STORAGE_VOL_GET_PHYSICAL
ERR_NO_STORAGE_VOL = 50


class StreamStats(Structure):
    _fields_ = [(name, c_ulonglong) for name in (
        "dataBytes", "holeBytes", "totalBytes", "dataTotalBytes", "unknownBytes")]
    _fields_.append(("reserved", c_ulonglong * 3))


ErrorFunc = CFUNCTYPE(None, c_void_p, c_void_p)
# The two data callbacks have one shape: buffers come as addresses, to be read and written in place.
DataFunc = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_void_p)
SectionFunc = CFUNCTYPE(c_int, c_void_p, POINTER(c_int), POINTER(c_longlong), c_void_p)
HoleFunc = CFUNCTYPE(c_int, c_void_p, c_longlong, c_void_p)


class VolInfo(Structure):
    _fields_ = [("type", c_int), ("capacity", c_ulonglong), ("allocation", c_ulonglong)]


class LibvirtError(Exception):
    """The library's last error: numbers as in virterror.h, and its message."""

    def __init__(self, code, domain, message):
        super().__init__(message)
        self.code, self.domain, self.message = code, domain, message


@ErrorFunc
def ignore_error(_data, _error):
    """By default every error is printed on the way up; here they become exceptions instead."""


class Library:
    """The C functions as methods, named as in C. A failure raises LibvirtError."""

    FUNCTIONS = {
        "virConnectOpen": (c_void_p, c_char_p),
        "virConnectClose": (c_int, c_void_p),
        "virStoragePoolDefineXML": (c_void_p, c_void_p, c_char_p, c_uint),
        "virStoragePoolCreate": (c_int, c_void_p, c_uint),
        "virStoragePoolRefresh": (c_int, c_void_p, c_uint),
        "virStoragePoolDestroy": (c_int, c_void_p),
        "virStoragePoolUndefine": (c_int, c_void_p),
        "virStoragePoolSetAutostart": (c_int, c_void_p, c_int),
        "virStoragePoolLookupByName": (c_void_p, c_void_p, c_char_p),
        "virStoragePoolFree": (c_int, c_void_p),
        "virStorageVolLookupByName": (c_void_p, c_void_p, c_char_p),
        "virStorageVolCreateXML": (c_void_p, c_void_p, c_char_p, c_uint),
        "virStorageVolGetInfoFlags": (c_int, c_void_p, POINTER(VolInfo), c_uint),
        "virStorageVolDelete": (c_int, c_void_p, c_uint),
        "virStorageVolFree": (c_int, c_void_p),
        "virStorageVolUpload": (c_int, c_void_p, c_void_p, c_ulonglong, c_ulonglong, c_uint),
        "virStorageVolDownload": (c_int, c_void_p, c_void_p, c_ulonglong, c_ulonglong, c_uint),
        "virStreamNew": (c_void_p, c_void_p, c_uint),
        "virStreamSendAll": (c_int, c_void_p, DataFunc, c_void_p),
        "virStreamRecvAll": (c_int, c_void_p, DataFunc, c_void_p),
        "virStreamSparseSendAll": (c_int, c_void_p, DataFunc, SectionFunc, HoleFunc, c_void_p),
        "virStreamSparseRecvAll": (c_int, c_void_p, DataFunc, HoleFunc, c_void_p),
        "virStreamFinish": (c_int, c_void_p),
        "virStreamFree": (c_int, c_void_p),
        "virSparseStreamGetStats": (c_int, c_void_p, POINTER(StreamStats)),
    }

    def __init__(self, path=None):
        library = CDLL(path or os.environ.get("VIRSPARSE_LIBRARY") or "libvirsparse.so.0")
        library.virGetLastErrorMessage.restype = c_char_p
        library.virSetErrorFunc.argtypes = [c_void_p, ErrorFunc]
        library.virSetErrorFunc.restype = None
        library.virSetErrorFunc(None, ignore_error)
        self.library = library
        for name, (restype, *argtypes) in self.FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes, function.errcheck = restype, argtypes, self.check
            setattr(self, name, function)

    def check(self, result, _function, _arguments):
        if result is None or (isinstance(result, int) and result < 0):
            raise LibvirtError(self.library.virGetLastErrorCode(),
                               self.library.virGetLastErrorDomain(),
                               self.library.virGetLastErrorMessage().decode(errors="replace"))
        return result


class Progress:
    """Counts bytes, and draws the progress bar if there is one. Holes take no time, so the bar shows the
    data: `all_data` is the amount of data to move, as far as it is known."""

    def __init__(self, end, draw):
        self.pos = self.data = self.holes = 0
        self.end, self.draw = end, draw
        self.all_data = None  # without holes, everything is data
        self.started = self.drawn = time.monotonic()

    def moved(self, data=0, hole=0):
        self.pos += data + hole
        self.data += data
        self.holes += hole
        if self.draw and time.monotonic() - self.drawn >= 0.1:
            self.drawn = time.monotonic()
            self.draw_bar()

    def draw_bar(self):
        elapsed = self.drawn - self.started
        done, whole = self.pos, self.end
        if self.all_data:
            done, whole = self.data, self.all_data()
        share = done / whole if done < whole else 1
        text = (f"\r[{'#' * int(share * 30):30}] {int(share * 100):3}%  "
                f"{done / 2**30:.2f} of {whole / 2**30:.2f} GiB")
        if share:  # before the first byte nobody knows
            left = round(elapsed / share - elapsed)
            text += (f"  {self.data / elapsed / 1e6:.0f} MB/s  "
                     f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left")
        print(f"{text}\033[K", end="", file=sys.stderr, flush=True)

    def clear_bar(self):
        if self.draw:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def print_table(self):
        seconds = time.monotonic() - self.started
        print(f"{'data bytes':>16} {'hole bytes':>16} {'seconds':>10} {'MB/s':>10}\n"
              f"{self.data:16} {self.holes:16} {seconds:10.3f} {self.data / seconds / 1e6:10.1f}")


def interrupt(_signum, _frame):
    """Python would raise KeyboardInterrupt anywhere, also where ctypes can only drop it: the
    callbacks look instead. Ctrl-\\ still kills."""
    Callbacks.interrupted = True


@functools.lru_cache
def buffer_type(size):
    return c_char * size


def in_place(address, size):
    """The library's buffer as an object that os.preadv and os.pwrite accept without a copy."""
    return buffer_type(size).from_address(address)


class Callbacks:
    """The file's side of a stream. An exception must not enter the C code that calls us: it is
    kept, the library is told -1, and run_stream raises it instead of the library's own "send
    handler failed"."""

    interrupted = False

    def __init__(self, fd, progress):
        self.fd, self.progress = fd, progress
        self.error = None
        self.data_start = self.data_end = 0  # the data section found last
        self.read_data = DataFunc(self.guard(self.on_read))
        self.next_section = SectionFunc(self.guard(self.on_section))
        self.write_data = DataFunc(self.guard(self.on_write))
        self.pass_hole = HoleFunc(self.guard(self.on_hole))

    def guard(self, method):
        def callback(_stream, *arguments):
            try:
                if Callbacks.interrupted:
                    raise KeyboardInterrupt
                return method(*arguments[:-1])
            except BaseException as error:
                self.error = error
                return -1
        return callback

    def on_read(self, address, size):
        progress = self.progress
        size = min(size, progress.end - progress.pos)
        n = os.preadv(self.fd, [in_place(address, size)], progress.pos)
        if n == 0 and size > 0:  # 0 would end the upload as if it were complete
            raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))
        progress.moved(data=n)
        return n

    def on_section(self, in_data, length):
        """Length 0, and not data, is the end of the file."""
        pos = self.progress.pos
        if pos >= self.data_end:
            self.find_data(pos, self.progress.end)
        in_data[0] = self.data_start <= pos < self.data_end
        length[0] = (self.data_end if in_data[0] else self.data_start) - pos
        return 0

    def count_data(self):
        """How much data the file has, for the bar."""
        count = pos = 0
        while pos < self.progress.end:
            self.find_data(pos, self.progress.end)
            count += self.data_end - self.data_start
            pos = self.data_end
        self.data_start = self.data_end = 0
        return count

    def find_data(self, pos, end):
        hole = end
        try:
            data = os.lseek(self.fd, pos, os.SEEK_DATA)
            hole = os.lseek(self.fd, data, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a hole up to the end of the file
                data = end
            elif error.errno == errno.EINVAL:  # the filesystem cannot tell: all counts as data
                data = pos
            else:
                raise
        self.data_start = min(data, end)
        self.data_end = min(max(hole, data + 1), end)  # punched just now, it still reads as zeros

    def on_write(self, address, size):
        """After a short write the library calls again with the rest."""
        n = os.pwrite(self.fd, in_place(address, size), self.progress.pos)
        self.progress.moved(data=n)
        return n

    def on_hole(self, length):
        """For reading, find_data knows where the hole ends; for writing, the file is new, so the parts
        that are not written are holes."""
        self.progress.moved(hole=length)
        return 0


def run_stream(lib, conn, options, progress, fd, attach):
    """`attach` binds a new stream to the volume and returns the function that sends or receives. Only
    a virStreamFinish that returns 0 shows that all data has arrived."""
    callbacks = Callbacks(fd, progress)
    stream = lib.virStreamNew(conn, 0)
    try:
        transfer, arguments = attach(stream, callbacks)
        transfer(stream, *arguments, None)
        lib.virStreamFinish(stream)
    except LibvirtError as error:
        if isinstance(callbacks.error, OSError):
            callbacks.error.filename = options.file
        raise callbacks.error or error from None
    finally:
        lib.virStreamFree(stream)
        progress.clear_bar()
    if not options.quiet:
        progress.print_table()


def data_of(lib, stream):
    """How much data a download has to move: the library knows where the volume has data."""
    stats = StreamStats()
    lib.virSparseStreamGetStats(stream, byref(stats))
    return stats.dataTotalBytes


def wants_bar(options):
    return not options.quiet and sys.stderr.isatty()


def limited(size, options):
    return min(size, options.length) if options.length else size


def find_or_create(lib, pool, options, capacity):
    """The volume, and whether it is new. Allocation 0 makes all of a new one a hole."""
    try:
        return lib.virStorageVolLookupByName(pool, options.volume.encode()), False
    except LibvirtError as error:
        if not options.create or error.code != ERR_NO_STORAGE_VOL:
            raise
    xml = (f"<volume><name>{escape(options.volume)}</name><capacity>{capacity}</capacity>"
           "<allocation>0</allocation><target><format type='raw'/></target></volume>")
    return lib.virStorageVolCreateXML(pool, xml.encode(), 0), True


def upload(lib, conn, pool, options):
    def attach(stream, callbacks):
        lib.virStorageVolUpload(volume, stream, options.offset, options.length, options.flags)
        if options.flags:
            count = callbacks.count_data() if progress.draw else 0
            progress.all_data = lambda: count
            return lib.virStreamSparseSendAll, (callbacks.read_data, callbacks.next_section,
                                                callbacks.pass_hole)
        return lib.virStreamSendAll, (callbacks.read_data,)

    with open(options.file, "rb", buffering=0) as source:
        mode = os.fstat(source.fileno()).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISBLK(mode):
            raise OSError(f"{options.file}: neither a regular file nor a block device")
        end = limited(source.seek(0, os.SEEK_END), options)
        volume, created = find_or_create(lib, pool, options, options.offset + end)
        try:
            progress = Progress(end, wants_bar(options))
            run_stream(lib, conn, options, progress, source.fileno(), attach)
        except BaseException:
            if created:
                lib.virStorageVolDelete(volume, 0)
            raise
        finally:
            lib.virStorageVolFree(volume)


def download(lib, conn, pool, options):
    def attach(stream, callbacks):
        lib.virStorageVolDownload(volume, stream, options.offset, options.length, options.flags)
        if options.flags:
            progress.all_data = lambda: data_of(lib, stream)
            return lib.virStreamSparseRecvAll, (callbacks.write_data, callbacks.pass_hole)
        return lib.virStreamRecvAll, (callbacks.write_data,)

    # Renaming onto a device or a link would replace it instead of writing to it.
    if os.path.lexists(options.file) and not stat.S_ISREG(os.lstat(options.file).st_mode):
        raise OSError(f"{options.file}: exists and is not a regular file")
    volume = lib.virStorageVolLookupByName(pool, options.volume.encode())
    try:
        info = VolInfo()
        lib.virStorageVolGetInfoFlags(volume, byref(info), GET_PHYSICAL)
        progress = Progress(limited(info.allocation - options.offset, options), wants_bar(options))
        # Mode 0600: a copy of a volume is as private as the volume.
        fd, part = tempfile.mkstemp(prefix=os.path.basename(options.file) + ".part-",
                                    dir=os.path.dirname(options.file) or ".")
        try:
            with open(fd, "wb", buffering=0):
                run_stream(lib, conn, options, progress, fd, attach)
                os.truncate(fd, progress.pos)  # gives the hole at the end its length
            os.rename(part, options.file)
        except BaseException:
            os.unlink(part)
            raise
    finally:
        lib.virStorageVolFree(volume)


def byte_count(text):
    value = int(text)
    if not 0 <= value < 2**63:
        raise ValueError
    return value


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], epilog=(
        "A hole in an upload cuts off what the volume held behind that hole. "
        "Exit status: 0 copied, 1 failed, 2 wrong usage."))
    parser.add_argument("--create", action="store_true",
                        help="upload: make VOLUME when it does not exist, as large as needed")
    parser.add_argument("--offset", type=byte_count, default=0, metavar="N",
                        help="start N bytes into the volume")
    parser.add_argument("--length", type=byte_count, default=0, metavar="N",
                        help="copy at most N bytes (0: everything)")
    parser.add_argument("--no-sparse", dest="flags", action="store_const", const=0,
                        default=SPARSE_STREAM, help="copy holes as zeros")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no table")
    parser.add_argument("--library", metavar="PATH", help="the library to load (default: "
                        "$VIRSPARSE_LIBRARY, else the installed libvirsparse.so.0)")
    parser.add_argument("direction", choices=["upload", "download"])
    for name in ["uri", "pool", "volume", "file"]:
        parser.add_argument(name, metavar=name.upper())
    options = parser.parse_args()
    if options.create and options.direction == "download":
        parser.error("--create is for uploads")
    return options


def main():
    options = parse_arguments()
    try:
        lib = Library(options.library)
        conn = lib.virConnectOpen(options.uri.encode())
        try:
            pool = lib.virStoragePoolLookupByName(conn, options.pool.encode())
            try:
                # From here on Ctrl-C must clean up.
                signal.signal(signal.SIGINT, interrupt)
                signal.signal(signal.SIGTERM, interrupt)
                transfer = upload if options.direction == "upload" else download
                transfer(lib, conn, pool, options)
            finally:
                lib.virStoragePoolFree(pool)
        finally:
            lib.virConnectClose(conn)
    except (LibvirtError, OSError, KeyboardInterrupt) as error:
        print(f"vol_transfer: {str(error) or 'interrupted'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
