#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures how long disk images take into and out of a volume, beside the tools one would use
instead, and prints Markdown.

What is timed is one process from start to exit. The source is in the page cache, the target does
not exist yet, and nobody waits for the disk: it is the work of finding, copying and laying out that
is compared, not the drive. Emptying the page cache would measure the drive. The rows that end in
"-flushed" are those of who does wait: the target is on the drive when the process ends. The contenders take
turns, round by round, so that a slow minute of the machine hits all of them.

Outside the timing, each target is deleted as soon as it has been looked at, mostly before any of it
was written to the disk, and whatever is dirty is written (`sync`) before the next run: no run pays
for the writeback of the one before. Handled like this, a copy of image a took the same 0.286 s
with and without the sync; it is kept for filesystems and images that are less kind.

After its first round every result is compared with the source, and the space it takes is noted.
The memory of ours is measured in a run of its own, over that of copying an empty volume.
"""

import argparse
import ctypes
import errno
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "examples", "python"))
from vol_transfer import Library  # noqa: E402

KIB, MIB, GIB, TIB = 2**10, 2**20, 2**30, 2**40
PR_SET_CHILD_SUBREAPER = 36
# A contender whose first round takes longer than this many seconds is not run again.
HOPELESS = 60


class Failed(Exception):
    """A command failed, or made something else than a copy."""


# ---- The images ----

class Layout:
    def __init__(self, title, size, extents, allocated=False):
        self.title, self.size, self.extents, self.allocated = title, size, extents, allocated

    def write(self, path):
        """Data is incompressible, and no two extents are alike, so that a misplaced one shows."""
        noise = memoryview(random.Random(1).randbytes(8 * MIB))
        with open(path, "wb", buffering=0) as image:
            fd = image.fileno()
            os.ftruncate(fd, self.size)
            if self.allocated:
                # Preallocation alone is not enough: what Linux reports as data in space that was
                # never written depends on the page cache. The zeros are written.
                os.posix_fallocate(fd, 0, self.size)
                for offset in range(0, self.size, MIB):
                    os.pwrite(fd, bytes(MIB), offset)
            for number, (offset, length) in enumerate(self.extents):
                start = number * 4099 % (len(noise) - length)
                os.pwritev(fd, [number.to_bytes(8, "little"), noise[start + 8:start + length]],
                           offset)
            os.fsync(fd)


def scattered(size, count, length):
    """`count` extents in random places, never two in a row: each is one."""
    places = sorted(random.Random(2).sample(range(size // length - count + 1), count))
    return [((place + i) * length, length) for i, place in enumerate(places)]


def layouts(quick):
    """The four images, or with the same shapes small ones."""
    few = 64 if quick else 1
    large, allocated, blocky, huge = (size // few for size in [16 * GIB, 4 * GIB, 8 * GIB, TIB])
    extents, blocks, chunks = (count // few for count in [4096, 1_000_000, 1000])
    return {
        "a": Layout(f"{gib(large)}, {extents:,} extents of 256 KiB at random", large,
                    scattered(large, extents, 256 * KIB)),
        "b": Layout(f"{gib(allocated)}, fully allocated, three quarters are zero bytes", allocated,
                    [(offset, MIB) for offset in range(0, allocated, 4 * MIB)], True),
        "c": Layout(f"{gib(blocky)}, {blocks:,} extents of 4 KiB, 4 KiB holes between", blocky,
                    [(i * 8 * KIB, 4 * KIB) for i in range(blocks)]),
        "d": Layout(f"{gib(huge)}, {chunks:,} extents of 64 KiB at random", huge,
                    scattered(huge, chunks, 64 * KIB)),
    }


def gib(size):
    return f"{size / GIB:g} GiB"


# ---- Checking the copies ----

def data_sections(fd):
    pos = 0
    while True:
        try:
            start = os.lseek(fd, pos, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data behind pos
                return
            raise
        pos = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, pos


def spans(fds):
    """The places where any of the files has data. Short holes between them are read along."""
    start = end = 0
    for section in sorted(section for fd in fds for section in data_sections(fd)):
        if section[0] > end + MIB:
            yield start, end
            start = section[0]
        end = max(end, section[1])
    yield start, end


def check_copy(source, target):
    """Compares every byte of data; returns how much space the copy takes."""
    with open(source, "rb", buffering=0) as a, open(target, "rb", buffering=0) as b:
        fds = a.fileno(), b.fileno()
        if os.fstat(fds[0]).st_size != os.fstat(fds[1]).st_size:
            raise Failed("the copy has another size")
        for start, end in spans(fds):
            for pos in range(start, end, 4 * MIB):
                length = min(4 * MIB, end - pos)
                if os.pread(fds[0], length, pos) != os.pread(fds[1], length, pos):
                    raise Failed(f"the copy differs near byte {pos}")
        return allocated(target)


def allocated(path):
    return os.stat(path).st_blocks * 512


# ---- Running ----

def run(argv):
    """Seconds that the command took."""
    started = time.monotonic()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, errors="replace")
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or f"{argv[0]}: exit status {done.returncode}")
    return seconds


def peak_memory(argv):
    """Bytes. A child's ru_maxrss begins with the size of the process that it was forked from,
    which is far more than we want to see: a small shell forks it, and leaves it to us. It starts
    when the shell, which would reap it, is gone."""
    script = 'exec 3<&0; { read -r _ <&3; exec "$@" 3<&-; } >/dev/null & echo $!'
    with subprocess.Popen(["sh", "-c", script, "sh", *argv],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        pid = int(shell.stdout.readline())
        shell.wait()
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise Failed(f"{argv[0]}: wait status {status}")
    return usage.ru_maxrss * KIB


def remove(path):
    if os.path.exists(path):
        os.unlink(path)


class Contender:
    """One row of the table: a command that makes `target` from the image."""

    def __init__(self, name, argv, target, fresh=None, idle_argv=None):
        self.name, self.argv, self.target, self.idle_argv = name, argv, target, idle_argv
        self.fresh = fresh or (lambda: None)  # what has to happen before a run, outside the timing
        self.times, self.space, self.memory, self.failure = [], None, None, None

    def wants_another_round(self):
        return not self.failure and not (self.times and self.times[0] > HOPELESS)

    def run_round(self, source):
        try:
            self.prepare()
            self.times.append(run(self.argv))
            if len(self.times) == 1:
                self.space = self.check(source)
        except Failed as failure:
            self.failure = str(failure).splitlines()[0]
        finally:
            remove(self.target)

    def check(self, source):
        return check_copy(source, self.target)

    def measure_memory(self):
        if not self.idle_argv or self.failure:
            return
        try:
            idle = peak_memory(self.idle_argv)
            self.prepare()
            self.memory = peak_memory(self.argv) - idle
        except Failed as failure:
            self.failure = str(failure)
        finally:
            remove(self.target)

    def prepare(self):
        self.fresh()
        os.sync()

    def row(self):
        if self.failure:
            return f"| {self.name} | failed: {self.failure} | | | | | |"
        memory = "" if self.memory is None else f"{self.memory / MIB:.1f}"
        return (f"| {self.name} | {statistics.median(self.times):.3f} | {min(self.times):.3f} | "
                f"{max(self.times):.3f} | {len(self.times)} | {self.space / MIB:.1f} | {memory} |")


# ---- The contenders: each is a class that brings its rows, and stands ready for one layout ----

class Plain:
    """Tools that copy a file; there is no up or down."""

    def __init__(self, work):
        self.work = work

    def contenders(self, key, source, _size):
        target = os.path.join(self.work, "copy.img")
        commands = {
            "cp-auto": ["cp", "--sparse=auto", source, target],
            "cp-always": ["cp", "--sparse=always", source, target],
            "qemu-img": ["qemu-img", "convert", "-W", "-m", "16", "-f", "raw", "-O", "raw",
                         source, target],
            "nbdcopy": ["nbdcopy", source, target],
            "cp-auto-flushed": ["sh", "-c", 'cp --sparse=auto "$1" "$2" && sync "$2"', "sh",
                                source, target],
            "qemu-img-flushed": ["qemu-img", "convert", "-t", "none", "-W", "-m", "16", "-f", "raw",
                                 "-O", "raw", source, target],
            "nbdcopy-flushed": ["nbdcopy", "--flush", source, target],
        }
        return [Contender(name, argv, target) for name, argv in commands.items()
                if available(argv[0])]

    def done(self):
        pass


class Ours:
    """vol-transfer, linked with the library that `library` is."""

    def __init__(self, work, tool, library, uri):
        self.work, self.tool, self.uri = work, tool, uri
        self.lib = Library(library)
        self.conn = self.lib.virConnectOpen(uri.encode())

    def contenders(self, key, source, _size):
        # Defined and autostarted, because each run is a new process that has to find it active.
        xml = (f"<pool type='dir'><name>bench</name><target><path>{self.work}/pool</path>"
               "</target></pool>")
        self.pool = self.lib.virStoragePoolDefineXML(self.conn, xml.encode(), 0)
        self.lib.virStoragePoolSetAutostart(self.pool, 1)
        self.lib.virStoragePoolCreate(self.pool, 0)

        def refresh():
            self.lib.virStoragePoolRefresh(self.pool, 0)

        def command(direction, volume, file, sync="no"):
            options = ["--create"] if direction == "upload" else []
            uri = f"{self.uri}{'&' if '?' in self.uri else '?'}sync={sync}"
            return [self.tool, direction, "--quiet", *options, uri, "bench", volume, file]

        copy = os.path.join(self.work, "copy.img")
        idle = command("download", "empty.img", os.path.join(self.work, "idle.img"))
        return [
            Contender("ours-upload", command("upload", "new.img", source),
                      os.path.join(self.work, "pool", "new.img"), refresh, idle),
            Contender("ours-upload-flushed", command("upload", "new.img", source, "yes"),
                      os.path.join(self.work, "pool", "new.img"), refresh),
            Contender("ours-download", command("download", f"{key}.img", copy), copy, None, idle),
        ]

    def done(self):
        self.lib.virStoragePoolDestroy(self.pool)
        self.lib.virStoragePoolUndefine(self.pool)
        self.lib.virStoragePoolFree(self.pool)


class Libvirtd:
    """virsh and a libvirtd of our own, which lives as long as the measurement."""

    def __init__(self, work):
        self.work = work
        self.home = tempfile.mkdtemp(prefix="bench-", dir="/tmp")  # a socket's path must be short
        self.uri = f"storage+unix:///session?socket={self.home}/libvirt/libvirt-sock"
        # As root it would be the system's libvirtd and touch the system's state: a user namespace
        # makes it somebody else's, with root's access to the files.
        disguise = ["unshare", "--user", "--map-user=1000"] if os.geteuid() == 0 else []
        environment = dict(os.environ, HOME=self.home, XDG_RUNTIME_DIR=self.home,
                           XDG_CONFIG_HOME=self.home, XDG_CACHE_HOME=self.home)
        # It does not outlive us, even if we are killed; Ctrl-C is for us to act on.
        self.daemon = subprocess.Popen([*disguise, "setpriv", "--pdeathsig", "TERM", "libvirtd"],
                                       env=environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)

    def start(self):
        for _ in range(100):
            if self.daemon.poll() is not None:
                break
            if subprocess.run(self.virsh("uri"), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.1)
        raise Failed("a private libvirtd cannot be started here")

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()
        shutil.rmtree(self.home)

    def virsh(self, *arguments):
        return ["virsh", "-q", "-c", self.uri, *arguments]

    def contenders(self, key, source, size):
        run(self.virsh("pool-create-as", "bench", "dir", "--target",
                       os.path.join(self.work, "pool")))

        def create_volume():
            run(self.virsh("pool-refresh", "bench"))
            run(self.virsh("vol-create-as", "bench", "new.img", str(size), "--allocation", "0"))

        copy = os.path.join(self.work, "copy.img")
        return [
            Contender("virsh-upload", self.virsh("vol-upload", "--sparse", "--pool", "bench",
                                                 "new.img", source),
                      os.path.join(self.work, "pool", "new.img"), create_volume),
            Contender("virsh-download", self.virsh("vol-download", "--sparse", "--pool", "bench",
                                                   f"{key}.img", copy), copy),
        ]

    def done(self):
        run(self.virsh("pool-destroy", "bench"))


def available(command):
    return shutil.which(command) is not None


# ---- The report ----

def version(*argv):
    if not available(argv[0]):
        return f"no {argv[0]}"
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True).stdout.partition("\n")[0]


def print_machine(work):
    filesystem = subprocess.run(["stat", "-f", "-c", "%T", work], stdout=subprocess.PIPE,
                                text=True).stdout.strip()
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs, {filesystem}, "
          f"load {os.getloadavg()[0]:.1f} at the start; "
          + "; ".join([version("cp", "--version"), version("qemu-img", "--version"),
                       version("nbdcopy", "--version"), "libvirt " + version("virsh", "--version")])
          + ".\n", flush=True)


def measure(key, layout, families, options, work):
    say(f"{key}: making the image")
    source = os.path.join(work, f"{key}.img")
    volume = os.path.join(work, "pool", f"{key}.img")
    layout.write(source)
    os.link(source, volume)  # what is downloaded: the same blocks under another name
    rows, ready = [], []
    try:
        for family in families:
            rows += family.contenders(key, source, layout.size)
            ready.append(family)
        rows = [row for row in rows if not options.only or row.name in options.only]
        take_turns(key, rows, source, options.rounds)
        for row in rows:
            row.measure_memory()
        space = allocated(source) / MIB
        print_rows(f"{key}: {layout.title}; {space:.1f} MiB on disk", rows, options.rounds)
    finally:
        for path in [source, volume]:
            remove(path)
        for family in ready:
            family.done()


def take_turns(what, rows, source, rounds):
    for number in range(1, rounds + 1):
        for row in rows:
            if row.wants_another_round():
                say(f"{what}: round {number} of {rounds}: {row.name}")
                row.run_round(source)


def print_rows(title, rows, rounds):
    print(f"### {title}\n\n"
          "| contender | median s | min | max | rounds | MiB on disk | MiB of memory |\n"
          "| --- | --- | --- | --- | --- | --- | --- |")
    for row in sorted(rows, key=lambda row: statistics.median(row.times or [0])):
        print(row.row())
    if any(len(row.times) < rounds and not row.failure for row in rows):
        print(f"\nA first round of more than {HOPELESS} s was the only one.")
    print(flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--vol-transfer", metavar="PATH", help="the tool built against our library")
    parser.add_argument("--library", metavar="PATH",
                        help="our library (default: $VIRSPARSE_LIBRARY, else the installed one)")
    parser.add_argument("--uri", help="our connection (default: a sparse:///embed root in DIR)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layouts", default="a,b,c,d", help="which images (default: a,b,c,d)")
    parser.add_argument("--only", metavar="NAME,...",
                        help="which contenders, by the names in the table (default: all)")
    parser.add_argument("--dir", default=".",
                        help="where to work; needs 12 GB (default: here). Where the filesystem is "
                        "mounted with discard, deleting image c may take minutes")
    parser.add_argument("--quick", action="store_true", help="small images, to try the script")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else []
    options.layouts = options.layouts.split(",")
    if not set(options.layouts) <= set("abcd"):
        parser.error("the images are a, b, c and d")
    return options


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    os.environ["PATH"] += ":/usr/sbin"  # where libvirtd is, also for who is not root
    # What peak_memory's shell leaves behind becomes our child.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    work = tempfile.mkdtemp(prefix="bench-", dir=os.path.abspath(options.dir))
    families, libvirtd = [], None
    try:
        os.mkdir(os.path.join(work, "pool"))
        open(os.path.join(work, "pool", "empty.img"), "wb").close()
        print_machine(work)
        if options.vol_transfer:
            uri = options.uri or f"sparse:///embed?root={work}/state"
            families.append(Ours(work, options.vol_transfer, options.library, uri))
        else:
            print("Ours was not measured: no --vol-transfer.\n")
        if available("libvirtd") and available("virsh"):
            libvirtd = Libvirtd(work)
            try:
                libvirtd.start()
                families.append(libvirtd)
            except Failed as failure:
                print(f"virsh was not measured: {failure}.\n")
        else:
            print("virsh was not measured: no libvirtd or no virsh.\n")
        families.append(Plain(work))
        images = layouts(options.quick)
        for key in options.layouts:
            measure(key, images[key], families, options, work)
    finally:
        if libvirtd:
            libvirtd.stop()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
