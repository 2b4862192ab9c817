#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Copies the disk of a running domain while its guest uses it, and moves the guest onto the copy.

The same tool as examples/c/blockcopy.c, through ctypes: nothing to build or install. `Library` is
the whole binding and `BlockJob` waits for what becomes of a job; other scripts may import them.

A copy that fails or is interrupted (Ctrl-C) is as if it had not been: the job is aborted, the file
that was made for it is removed, and the guest goes on with its old disk.
"""

import argparse
import os
import signal
import stat
import subprocess
import sys
import time
from ctypes import (CDLL, CFUNCTYPE, POINTER, Structure, Union, byref, c_char, c_char_p, c_double,
                    c_int, c_longlong, c_uint, c_ulong, c_ulonglong, c_void_p, string_at)
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import vol_transfer
from vol_transfer import LibvirtError

DOMAIN_RUNNING = 1
START_AUTODESTROY = 2
COPY_TRANSIENT_JOB = 4
COPY_SYNCHRONOUS_WRITES = 8
ABORT_PIVOT = 2
TYPED_PARAM_ULLONG = 4
EVENT_BLOCK_JOB_2 = 16
JOB_COMPLETED, JOB_FAILED, JOB_CANCELED, JOB_READY = range(4)
ERR_NO_DOMAIN = 42
EXPORT = ".//{urn:virsparse:domain:1}export"

JobFunc = CFUNCTYPE(None, c_void_p, c_void_p, c_char_p, c_int, c_int, c_void_p)
TimeoutFunc = CFUNCTYPE(None, c_int, c_void_p)


class BlockJobInfo(Structure):
    _fields_ = [("type", c_int), ("bandwidth", c_ulong), ("cur", c_ulonglong), ("end", c_ulonglong)]


class ParameterValue(Union):
    _fields_ = [("i", c_int), ("ui", c_uint), ("l", c_longlong), ("ul", c_ulonglong),
                ("d", c_double), ("b", c_char), ("s", c_char_p)]


class TypedParameter(Structure):
    _fields_ = [("field", c_char * 80), ("type", c_int), ("value", ParameterValue)]


class Library(vol_transfer.Library):
    FUNCTIONS = {
        "virEventRegisterDefaultImpl": (c_int,),
        "virEventRunDefaultImpl": (c_int,),
        "virEventAddTimeout": (c_int, c_int, TimeoutFunc, c_void_p, c_void_p),
        "virEventRemoveTimeout": (c_int, c_int),
        "virConnectOpen": (c_void_p, c_char_p),
        "virConnectClose": (c_int, c_void_p),
        "virConnectDomainEventRegisterAny": (c_int, c_void_p, c_void_p, c_int, JobFunc, c_void_p,
                                             c_void_p),
        "virConnectDomainEventDeregisterAny": (c_int, c_void_p, c_int),
        "virDomainCreateXML": (c_void_p, c_void_p, c_char_p, c_uint),
        "virDomainLookupByName": (c_void_p, c_void_p, c_char_p),
        "virDomainIsActive": (c_int, c_void_p),
        "virDomainGetState": (c_int, c_void_p, POINTER(c_int), POINTER(c_int), c_uint),
        "virDomainSuspend": (c_int, c_void_p),
        "virDomainResume": (c_int, c_void_p),
        "virDomainGetXMLDesc": (c_void_p, c_void_p, c_uint),
        "virDomainDestroy": (c_int, c_void_p),
        "virDomainFree": (c_int, c_void_p),
        "virDomainBlockCopy": (c_int, c_void_p, c_char_p, c_char_p, POINTER(TypedParameter), c_int,
                               c_uint),
        "virDomainBlockPull": (c_int, c_void_p, c_char_p, c_ulong, c_uint),
        "virDomainBlockJobAbort": (c_int, c_void_p, c_char_p, c_uint),
        "virDomainGetBlockJobInfo": (c_int, c_void_p, c_char_p, POINTER(BlockJobInfo), c_uint),
    }

    def __init__(self, path=None):
        super().__init__(path)
        self.libc = CDLL(None)
        self.libc.free.argtypes = [c_void_p]
        self.virEventRegisterDefaultImpl()  # before the first connection, which then has events

    def describe(self, domain):
        text = self.virDomainGetXMLDesc(domain, 0)
        try:
            return ElementTree.fromstring(string_at(text))
        finally:
            self.libc.free(text)

    def disk_uri(self, domain, disk):
        """Where a guest finds a disk of a domain that this process runs."""
        for element in self.describe(domain).iterfind("devices/disk"):
            target, export = element.find("target"), element.find(EXPORT)
            if target is not None and target.get("dev") == disk and export is not None:
                return export.get("uri")
        raise OSError(f"{disk}: the domain does not say where it is served")


class JobFailed(Exception):
    """The job has ended, but not successfully."""


interrupted = False


def interrupt(_signum, _frame):
    """Python would raise KeyboardInterrupt anywhere, also in a callback, where ctypes would
    drop it. So the loops that wait check this flag. Ctrl-\\ still kills."""
    global interrupted
    interrupted = True


def look_for_interrupt():
    global interrupted
    if interrupted:
        interrupted = False
        raise KeyboardInterrupt


class BlockJob:
    """The jobs on a disk, as their events report them. It exists before the job is started, so that
    no event is missed."""

    def __init__(self, lib, conn, domain, disk):
        self.lib, self.conn, self.domain, self.disk = lib, conn, domain, disk.encode()
        self.status = None
        self.on_event = JobFunc(self.event)
        self.on_tick = TimeoutFunc(lambda _timer, _opaque: None)
        self.callback = lib.virConnectDomainEventRegisterAny(conn, domain, EVENT_BLOCK_JOB_2,
                                                             self.on_event, None, None)

    def event(self, _conn, _domain, disk, _type, status, _opaque):
        if disk == self.disk:
            self.status = status

    def wait(self, wanted, look=lambda info: None):
        """Waits for an event, and calls `look` with how far the job is ten times a second."""
        timer = self.lib.virEventAddTimeout(100, self.on_tick, None, None)
        try:
            while self.status != wanted:
                look_for_interrupt()
                if self.status is not None:
                    raise JobFailed(self.why())
                info = BlockJobInfo()
                if self.lib.virDomainGetBlockJobInfo(self.domain, self.disk, byref(info), 0):
                    look(info)
                self.lib.virEventRunDefaultImpl()
        finally:
            self.lib.virEventRemoveTimeout(timer)

    def wait_equal(self):
        """Waits until the copy has all data. The guest is paused, so it writes no more."""
        info = BlockJobInfo()
        while self.lib.virDomainGetBlockJobInfo(self.domain, self.disk, byref(info), 0):
            if info.cur == info.end:
                return
            look_for_interrupt()
            time.sleep(0.001)
        raise JobFailed("the job has ended")

    def why(self):
        if self.status != JOB_FAILED:
            return "somebody else has ended the job"
        try:  # a job that is gone cannot be aborted; the library says what became of it
            self.lib.virDomainBlockJobAbort(self.domain, self.disk, 0)
        except LibvirtError as error:
            return error.message
        return "the job has failed"

    def abort(self):
        """Whether there is no job any more, and it has not been completed."""
        try:
            self.lib.virDomainBlockJobAbort(self.domain, self.disk, 0)
        except LibvirtError:
            return self.status in [JOB_FAILED, JOB_CANCELED]
        return True

    def close(self):
        self.lib.virConnectDomainEventDeregisterAny(self.conn, self.callback)


class Progress:
    """The bar. Bytes are those of the disk; holes are among them, and take no time."""

    def __init__(self, draw):
        self.draw, self.end = draw, 0
        self.started = time.monotonic()

    def show(self, info):
        self.end = info.end
        elapsed = time.monotonic() - self.started
        if not self.draw or not info.end or not elapsed:
            return
        share = info.cur / info.end
        left = round(elapsed / share - elapsed) if share else 0
        print(f"\r[{'#' * int(share * 30):30}] {int(share * 100):3}%  "
              f"{info.cur / 2**30:.2f} of {info.end / 2**30:.2f} GiB  "
              f"{info.cur / elapsed / 1e6:.0f} MB/s  "
              f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left\033[K",
              end="", file=sys.stderr, flush=True)

    def clear(self):
        if self.draw:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def is_block_device(path):
    return os.path.exists(path) and stat.S_ISBLK(os.stat(path).st_mode)


def target_xml(path, form):
    kind, attribute = ("block", "dev") if is_block_device(path) else ("file", "file")
    return (f"<disk type='{kind}'><driver name='qemu' type={quoteattr(form)}/>"
            f"<source {attribute}={quoteattr(path)}/></disk>").encode()


def leave(lib, domain, job):
    """Aborting a job that is ready keeps the copy: the disk at one point in time, if the guest is
    paused."""
    state, reason = c_int(), c_int()
    lib.virDomainGetState(domain, byref(state), byref(reason), 0)
    paused = state.value == DOMAIN_RUNNING
    if paused:
        lib.virDomainSuspend(domain)
    try:
        job.wait_equal()
        lib.virDomainBlockJobAbort(domain, job.disk, 0)
    finally:
        if paused:
            lib.virDomainResume(domain)


def copy(lib, conn, domain, options):
    target = os.path.abspath(options.target)
    existed = os.path.lexists(target)
    parameters = (TypedParameter * 1)()
    parameters[0].field, parameters[0].type = b"bandwidth", TYPED_PARAM_ULLONG
    parameters[0].value.ul = options.bandwidth
    flags = COPY_TRANSIENT_JOB | (COPY_SYNCHRONOUS_WRITES if options.synchronous else 0)
    job = BlockJob(lib, conn, domain, options.disk)
    progress = Progress(not options.quiet and sys.stderr.isatty())
    try:
        lib.virDomainBlockCopy(domain, job.disk, target_xml(target, options.target_format),
                               parameters, 1 if options.bandwidth else 0, flags)
        try:
            job.wait(JOB_READY, progress.show)
            if options.finish:
                leave(lib, domain, job)
            else:
                lib.virDomainBlockJobAbort(domain, job.disk, ABORT_PIVOT)
        except BaseException:
            # The copy is only removed if the guest certainly does not use it, and if it did not
            # exist before (a device; or on another host, a file of this name).
            if job.abort() and not existed and os.path.lexists(target):
                os.unlink(target)
            raise
    finally:
        progress.clear()
        job.close()
    if not options.quiet:
        seconds = time.monotonic() - progress.started
        print(f"{'bytes':>16} {'seconds':>10} {'MB/s':>10}\n"
              f"{progress.end:16} {seconds:10.3f} {progress.end / seconds / 1e6:10.1f}")
        print(f"{target}: " + (f"what {options.disk} was at one instant" if options.finish else
                               f"{options.disk} is there now"), flush=True)


# ---- The domain and its guest ----

def domain_xml(options):
    if options.domain_xml:
        with open(options.domain_xml, "rb") as file:
            return file.read()
    name = options.domain.replace("&", "&amp;").replace("<", "&lt;")
    return (f"<domain type='kvm'><name>{name}</name><memory unit='MiB'>64</memory>"
            "<os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>"
            f"<driver name='qemu' type={quoteattr(options.format)}/>"
            f"<source file={quoteattr(os.path.abspath(options.image))}/>"
            f"<target dev={quoteattr(options.disk)} bus='virtio'/></disk></devices></domain>"
            ).encode()


def find_or_start(lib, conn, options):
    """The domain, and whether it was started here: then it stops with this process, however that
    ends."""
    try:
        domain = lib.virDomainLookupByName(conn, options.domain.encode())
        if lib.virDomainIsActive(domain):
            return domain, False
        lib.virDomainFree(domain)
        if not options.startable:
            raise OSError(f"{options.domain}: the domain is not running")
    except LibvirtError as error:
        if error.code != ERR_NO_DOMAIN or not options.startable:
            raise
    return lib.virDomainCreateXML(conn, domain_xml(options), START_AUTODESTROY), True


def start_guest(lib, domain, options):
    """In a session of its own: Ctrl-C is for us."""
    uri = lib.disk_uri(domain, options.disk)
    return subprocess.Popen(["sh", "-c", options.guest], env=dict(os.environ, DISK_URI=uri),
                            start_new_session=True)


def wait_for_guest(guest):
    """Until it ends by itself, or with another Ctrl-C."""
    while guest.poll() is None:
        try:
            look_for_interrupt()
        except KeyboardInterrupt:
            os.killpg(guest.pid, signal.SIGTERM)
        time.sleep(0.02)
    if guest.returncode != 0:
        raise OSError(f"the guest has failed: exit status {guest.returncode}")


def run(lib, conn, domain, options):
    guest = start_guest(lib, domain, options) if options.guest else None
    try:
        copy(lib, conn, domain, options)
    except (LibvirtError, JobFailed, OSError, KeyboardInterrupt) as error:
        report(error)  # now: the guest may go on for long
        return 1
    finally:
        if guest:
            wait_for_guest(guest)
    return 0


# ---- The command line ----

def byte_count(text):
    value = int(text)
    if not 0 <= value < 2**63:
        raise ValueError
    return value


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], epilog=(
        "A domain of sparse:/// runs in the process that has started it: give --domain-xml or "
        "--disk. Exit status: 0 copied, 1 failed, 2 wrong usage."))
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--domain-xml", metavar="FILE", help="when DOMAIN is not running, start a "
                       "transient one from this description, for as long as this tool runs")
    start.add_argument("--disk", dest="image", metavar="IMAGE",
                       help="the same, with no more than DISK, which is this image")
    parser.add_argument("--format", metavar="FMT", default="raw", help="IMAGE's (default: raw)")
    parser.add_argument("--guest", metavar="COMMAND", help="run COMMAND with the shell while the "
                        "disk is copied, and wait for it; $DISK_URI tells it where the disk is")
    parser.add_argument("--target-format", metavar="FMT", default="raw",
                        help="raw or qcow2 (default: raw)")
    parser.add_argument("--finish", action="store_true",
                        help="leave a copy as of one instant, for which the "
                        "guest is paused, and stays where it is")
    parser.add_argument("--synchronous", action="store_true",
                        help="the guest's writes go to both: ends however fast it writes")
    parser.add_argument("--bandwidth", type=byte_count, default=0, metavar="N",
                        help="at most N bytes a second (0: no limit)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no table")
    parser.add_argument("--library", metavar="PATH", help="the library to load (default: "
                        "$VIRSPARSE_LIBRARY, else the installed libvirsparse.so.0)")
    parser.add_argument("uri", metavar="URI")
    parser.add_argument("domain", metavar="DOMAIN")
    parser.add_argument("disk", metavar="DISK", help="its target: vda")
    parser.add_argument("target", metavar="TARGET", help="a new file, or a block device")
    options = parser.parse_args()
    options.startable = options.domain_xml or options.image
    return options


def report(error):
    print(f"blockcopy: {str(error) or 'interrupted'}", file=sys.stderr)


def main():
    options = parse_arguments()
    try:
        lib = Library(options.library)
        conn = lib.virConnectOpen(options.uri.encode())
        try:
            # From here on Ctrl-C must clean up.
            signal.signal(signal.SIGINT, interrupt)
            signal.signal(signal.SIGTERM, interrupt)
            domain, started = find_or_start(lib, conn, options)
            try:
                return run(lib, conn, domain, options)
            finally:
                if started:
                    lib.virDomainDestroy(domain)
                lib.virDomainFree(domain)
        finally:
            lib.virConnectClose(conn)
    except (LibvirtError, OSError) as error:
        report(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
