#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures block jobs on the disk of a running domain beside qemu-storage-daemon's, driven by QMP,
and beside the tool that one would use on a disk that is not in use, and prints Markdown.

What is timed is the job: from the call that starts it (virDomainBlockCopy, blockdev-mirror) until
the event that the copy is ready, or the job completed; qemu-img and cp are timed as a process. The
images are in the page cache, and the target of ours is made within the time, while QEMU gets one that
has been made. It is the work of finding and copying that is compared, not the drive. The contenders
take turns, round by round, so that a slow minute of the machine hits all of them; each ratio is the
median of the ratios within the rounds, for the same reason. Targets are deleted and what is dirty is
written (`sync`) between the runs, outside the timing. After its first round each result is compared
with the source.

The latency of a guest is that of fio's nbd engine, which writes 4 KiB at a time in random places
while the disk is copied again and again; the table says how much of the time a copy was under way.
"""

import argparse
import json
import os
import platform
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from volumes import (GIB, MIB, Layout, allocated, available, check_copy, gib, layouts, remove,
                     run, say, version)
import blockcopy  # volumes has told Python where the examples are

OURS, QEMU, QEMU_IMG, CP = "ours", "qemu-storage-daemon", "qemu-img", "cp --reflink=always"
NEEDED = {QEMU: "qemu-storage-daemon", QEMU_IMG: "qemu-img", CP: "cp"}


# ---- Who does the jobs: each opens a disk, works on it, and closes it ----

class Ours:
    """A domain that runs in this process."""

    def __init__(self, lib, work, image, form):
        self.lib, self.conn = lib, lib.virConnectOpen(f"sparse:///embed?root={work}/state".encode())
        xml = ("<domain type='kvm'><name>bench</name><memory>1024</memory><os><type>hvm</type></os>"
               f"<devices><disk type='file'><driver type='{form}'/><source file='{image}'/>"
               "<target dev='vda'/></disk></devices></domain>")
        self.domain = lib.virDomainCreateXML(self.conn, xml.encode(), 0)
        self.uri = lib.disk_uri(self.domain, "vda")
        self.job = blockcopy.BlockJob(lib, self.conn, self.domain, "vda")

    def prepare(self, target, size):
        pass

    def copy(self, target, look=lambda info: None):
        """Until the copy is ready."""
        self.job.status = None
        self.lib.virDomainBlockCopy(self.domain, b"vda", blockcopy.target_xml(target, "raw"), None, 0,
                                    blockcopy.COPY_TRANSIENT_JOB)
        self.job.wait(blockcopy.JOB_READY, look)

    def end_copy(self):
        self.lib.virDomainBlockJobAbort(self.domain, b"vda", 0)
        # Else the next job would be told of it.
        while self.job.status not in [blockcopy.JOB_CANCELED, blockcopy.JOB_FAILED]:
            self.lib.virEventRunDefaultImpl()

    def pull(self):
        self.lib.virDomainBlockPull(self.domain, b"vda", 0, 0)
        self.job.wait(blockcopy.JOB_COMPLETED)

    def close(self):
        self.job.close()
        self.lib.virDomainDestroy(self.domain)
        self.lib.virDomainFree(self.domain)
        self.lib.virConnectClose(self.conn)


class StorageDaemon:
    """A qemu-storage-daemon with the same disk, exported in the same way."""

    def __init__(self, work, image, form):
        self.folder = tempfile.mkdtemp(prefix="bench-", dir="/tmp")  # a socket's path must be short
        qmp = os.path.join(self.folder, "qmp")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(qmp)
            listener.listen()
            self.process = subprocess.Popen(
                ["qemu-storage-daemon", "--chardev", f"socket,id=qmp,path={qmp}",
                 "--monitor", "chardev=qmp"])
            self.socket = listener.accept()[0]
        self.lines, self.events = b"", []
        self.message()  # the greeting
        self.command("qmp_capabilities")
        self.command("blockdev-add", node_name="disk", **self.node(image, form))
        export = os.path.join(self.folder, "nbd")
        self.uri = f"nbd+unix:///disk?socket={export}"
        self.command("nbd-server-start", addr={"type": "unix", "data": {"path": export}})
        self.command("block-export-add", type="nbd", id="nbd", node_name="disk", writable=True)

    @staticmethod
    def node(image, form):
        file = {"driver": "file", "filename": image, "discard": "unmap"}
        return {"driver": form, "discard": "unmap", "file": file}

    def message(self, timeout=None):
        """The next one; `None` if there is none in time."""
        while b"\n" not in self.lines:
            if not select.select([self.socket], [], [], timeout)[0]:
                return None
            got = self.socket.recv(65536)
            if not got:
                sys.exit("qemu-storage-daemon has ended")
            self.lines += got
        line, self.lines = self.lines.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, **arguments):
        arguments = {key.replace("_", "-"): value for key, value in arguments.items()}
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while "event" in (answer := self.message()):
            self.events.append(answer)
        if "error" in answer:
            sys.exit(f"{name}: {answer['error']['desc']}")

    def wait(self, event, look=lambda info: None):
        while True:
            for got in self.events:
                if got["event"] == "BLOCK_JOB_ERROR" or got.get("data", {}).get("error"):
                    sys.exit(f"qemu-storage-daemon: {got['data']}")
                if got["event"] == event:
                    self.events = []
                    return
            self.events = []
            if got := self.message(0.1):
                self.events.append(got)
            else:
                look(None)

    def prepare(self, target, size):
        """There is a target before there is a job."""
        with open(target, "wb") as file:
            os.ftruncate(file.fileno(), size)
        self.command("blockdev-add", node_name="copy", **self.node(target, "raw"))

    def copy(self, target, look=lambda info: None):
        self.command("blockdev-mirror", job_id="job", device="disk", target="copy", sync="full")
        self.wait("BLOCK_JOB_READY", look)

    def end_copy(self):
        self.command("block-job-cancel", device="job", force=True)
        while not any(event["event"] in ["BLOCK_JOB_CANCELLED", "BLOCK_JOB_COMPLETED"]
                      for event in self.events):
            self.events.append(self.message())
        self.events = []
        self.command("blockdev-del", node_name="copy")

    def pull(self):
        self.command("block-stream", job_id="job", device="disk")
        self.wait("BLOCK_JOB_COMPLETED")

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class Machine:
    """What opens disks: by the contender's name."""

    def __init__(self, lib, work):
        self.lib, self.work = lib, work

    def open(self, name, image, form):
        if name == OURS:
            return Ours(self.lib, self.work, image, form)
        return StorageDaemon(self.work, image, form)


def timed(function, *arguments):
    start = time.monotonic()
    function(*arguments)
    return time.monotonic() - start


# ---- What is measured: each returns what one run of a contender took ----

class Images:
    """Makes an image of volumes.py, and the same as a chain of three, each with a third of the data."""

    def __init__(self, work, options):
        self.layout = layouts(options.quick)[options.layout]
        self.work, self.title = work, self.layout.title
        self.size, self.extents = self.layout.size, self.layout.extents
        self.raw = os.path.join(work, "disk.raw")

    def make_raw(self):
        self.layout.write(self.raw)

    def make_chain(self):
        """The raw image is made along with it: it tells what is to be read."""
        self.make_raw()
        below, part = None, os.path.join(self.work, "part.raw")
        for number in range(3):
            image = os.path.join(self.work, f"image{number}.qcow2")
            with open(self.raw, "rb") as source, open(part, "wb") as file:
                os.ftruncate(file.fileno(), self.size)
                for offset, length in self.extents[number::3]:
                    os.pwrite(file.fileno(), os.pread(source.fileno(), length, offset), offset)
            run(["qemu-img", "convert", "-W", "-f", "raw", "-O", "qcow2", part, image])
            if below:
                run(["qemu-img", "rebase", "-u", "-b", below, "-F", "qcow2", image])
            below = image
            os.unlink(part)
        return below


class Copy:
    contenders = [OURS, QEMU, QEMU_IMG]
    unit, form = "s", "raw"

    def __init__(self, machine, options, work):
        self.machine, self.images = machine, Images(work, options)
        self.target = os.path.join(work, "copy.raw")
        self.title = f"{self.title}; {self.images.title}"
        self.checked = set()

    def make(self):
        self.images.make_raw()
        self.source = self.images.raw

    def measure(self, name):
        os.sync()
        try:
            took = self.measure_copy(name)
            if name not in self.checked:
                self.checked.add(name)
                space = check_copy(self.images.raw, self.target)
                if space > allocated(self.images.raw) * 1.05 + MIB:
                    sys.exit(f"{name} has made a copy that takes {space} bytes")
            return took
        finally:
            remove(self.target)

    def measure_copy(self, name):
        if name == QEMU_IMG:
            return run(["qemu-img", "convert", "-W", "-m", "16", "-f", self.form, "-O", "raw",
                        self.source, self.target])
        if name == CP:
            return run(["cp", "--reflink=always", self.source, self.target])
        disk = self.machine.open(name, self.source, self.form)
        try:
            disk.prepare(self.target, self.images.size)
            took = timed(disk.copy, self.target)
            disk.end_copy()
            return took
        finally:
            disk.close()


class CopyRaw(Copy):
    title = "Copy until ready, raw to raw"


class CopyChain(Copy):
    title = "Copy until ready, three-deep qcow2 chain to raw"
    form = "qcow2"

    def make(self):
        self.source = self.images.make_chain()


class CopyReflink(Copy):
    """On a filesystem of its own."""
    contenders = [OURS, CP]
    title = "Copy until ready, by reflink"

    def __init__(self, machine, options, work):
        self.work, self.mount, self.system = work, None, options.filesystem
        super().__init__(machine, options, os.path.join(work, "mount"))

    def make(self):
        if os.geteuid() != 0 or not available(f"mkfs.{self.system}"):
            raise Skipped(f"needs root and mkfs.{self.system}")
        disk, folder = os.path.join(self.work, "filesystem"), os.path.join(self.work, "mount")
        with open(disk, "wb") as file:
            os.ftruncate(file.fileno(), 32 * GIB)
        os.mkdir(folder)
        run([f"mkfs.{self.system}", "-q", disk])
        run(["mount", "-o", "loop", disk, folder])
        self.mount = folder
        self.title += f"; {self.system}"
        super().make()

    def end(self):
        if self.mount:
            run(["umount", self.mount])


class Pull:
    contenders = [OURS, QEMU, QEMU_IMG]
    title, unit = "Pull of a three-deep qcow2 chain", "s"

    def __init__(self, machine, options, work):
        self.machine, self.images = machine, Images(work, options)
        self.title = f"{self.title}; {self.images.title}, a third in each image"
        self.top = os.path.join(work, "top.qcow2")
        self.checked = set()

    def make(self):
        self.pristine = self.images.make_chain()

    def measure(self, name):
        run(["cp", "--sparse=always", self.pristine, self.top])
        os.sync()
        if name == QEMU_IMG:
            took = run(["qemu-img", "rebase", "-f", "qcow2", "-b", "", self.top])
        else:
            disk = self.machine.open(name, self.top, "qcow2")
            try:
                took = timed(disk.pull)
            finally:
                disk.close()
        if name not in self.checked:
            self.checked.add(name)
            run(["qemu-img", "compare", "-f", "raw", "-F", "qcow2", self.images.raw, self.top])
            if "backing file:" in subprocess.check_output(["qemu-img", "info", self.top], text=True):
                sys.exit(f"{name} has left a backing file")
        remove(self.top)
        return took


class WriterEnded(Exception):
    pass


class Latency:
    contenders = [OURS, QEMU]
    title, unit = "Latency of a guest's 4 KiB random writes during copies", "µs"

    def __init__(self, machine, options, work):
        self.machine, self.runtime = machine, options.runtime
        self.size = (2 * GIB) // (16 if options.quick else 1)
        self.image, self.target = os.path.join(work, "disk.raw"), os.path.join(work, "copy.raw")
        self.title += f"; raw, {gib(self.size)} of data"
        self.percentiles, self.shares, self.counts = {}, {}, {}

    def make(self):
        extents = [(offset, MIB) for offset in range(0, self.size, MIB)]
        Layout("", self.size, extents).write(self.image)

    def measure(self, name):
        """The median; the rest is noted."""
        os.sync()
        disk = self.machine.open(name, self.image, "raw")
        try:
            return self.write(name, disk)
        finally:
            disk.close()
            remove(self.target)

    def write(self, name, disk):
        fio = subprocess.Popen(["fio", "--name=guest", "--ioengine=nbd", f"--uri={disk.uri}",
                                "--rw=randwrite", "--bs=4k", "--iodepth=1", "--time_based",
                                f"--runtime={self.runtime}", f"--size={self.size}",
                                "--norandommap", "--randrepeat=0", "--thread",
                                "--output-format=json"], stdout=subprocess.PIPE, text=True)
        started, copying, copies = time.monotonic(), 0, 0

        def look(_info):
            if fio.poll() is not None:
                raise WriterEnded

        while fio.poll() is None:
            disk.prepare(self.target, self.size)
            begun = time.monotonic()
            try:
                disk.copy(self.target, look)
                copies += 1
            except WriterEnded:
                pass
            copying += time.monotonic() - begun
            disk.end_copy()
            remove(self.target)
        share = copying / (time.monotonic() - started)
        report = fio.stdout.read()
        if fio.wait() != 0:
            sys.exit(f"fio: {report}")
        job = json.loads(report[report.index("{"):])["jobs"][0]
        percentile = job["write"]["clat_ns"]["percentile"]
        self.percentiles.setdefault(name, []).append(percentile["99.000000"] / 1000)
        self.shares.setdefault(name, []).append(share)
        self.counts.setdefault(name, []).append(copies)
        return percentile["50.000000"] / 1000

    def notes(self, names):
        lines = ["", "The table has p50. p99, median of the rounds:"]
        for name in names:
            values, ratio = self.percentiles[name], ""
            if name != OURS and OURS in self.percentiles:
                of = [a / b for a, b in zip(self.percentiles[OURS], values)]
                ratio = f"; ours / this: {statistics.median(of):.2f}"
            lines.append(f"- {name}: {statistics.median(values):.0f} µs ({min(values):.0f} to "
                         f"{max(values):.0f}){ratio}; copying {statistics.median(self.shares[name]):.0%}"
                         f" of the time, {statistics.median(self.counts[name])} copies became ready")
        print("\n".join(lines), flush=True)


CASES = {"raw": CopyRaw, "chain": CopyChain, "pull": Pull, "latency": Latency,
         "reflink": CopyReflink}


# ---- The report ----

class Skipped(Exception):
    pass


def show(value):
    return f"{value:.0f}" if value >= 10 else f"{value:.3f}"


def print_table(case, values):
    print(f"### {case.title}\n\n| contender | median {case.unit} | min | max | ours / this |\n"
          "| --- | --- | --- | --- | --- |")
    for name, theirs in values.items():
        ratio = ""
        if name != OURS and OURS in values:
            ratio = f"{statistics.median(a / b for a, b in zip(values[OURS], theirs)):.2f}"
        print(f"| {name} | {show(statistics.median(theirs))} | {show(min(theirs))} "
              f"| {show(max(theirs))} | {ratio} |")
    if hasattr(case, "notes"):
        case.notes(list(values))
    print(flush=True)


def measure(key, machine, options, folder):
    work = tempfile.mkdtemp(prefix=f"{key}-", dir=folder)
    case = CASES[key](machine, options, work)
    names = [name for name in case.contenders if not options.only or name in options.only]
    for name in [name for name in names if name in NEEDED and not available(NEEDED[name])]:
        print(f"{name} was not measured: it is not there.\n")
        names.remove(name)
    try:
        say(f"{key}: making the image")
        case.make()
        values = {name: [] for name in names}
        for number in range(1, options.rounds + 1):
            for name in names:
                say(f"{key}: round {number} of {options.rounds}: {name}")
                values[name].append(case.measure(name))
        print_table(case, values)
    except Skipped as why:
        print(f"### {case.title}\n\nNot measured: {why}.\n", flush=True)
    finally:
        if hasattr(case, "end"):
            case.end()
        shutil.rmtree(work)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--library", metavar="PATH",
                        help="our library (default: $VIRSPARSE_LIBRARY, else the installed one)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runtime", type=int, default=5, help="seconds of each run of fio")
    parser.add_argument("--cases", default=",".join(CASES), help="default: %(default)s")
    parser.add_argument("--layout", choices="abcd", default="a",
                        help="of the image, as in volumes.py (default: a)")
    parser.add_argument("--only", metavar="NAME,...", help="which contenders (default: all)")
    parser.add_argument("--filesystem", choices=["xfs", "btrfs"], default="xfs",
                        help="the one with reflinks (default: xfs)")
    parser.add_argument("--dir", default=".", help="where to work; needs 6 GB (default: here)")
    parser.add_argument("--alone", action="store_true", help="put everything that is measured before "
                        "all else that wants the processors (SCHED_FIFO; needs root): for a machine "
                        "that others use as well")
    parser.add_argument("--quick", action="store_true", help="small images, to try the script")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else []
    options.cases = options.cases.split(",")
    if not set(options.cases) <= set(CASES):
        parser.error(f"the cases are {', '.join(CASES)}")
    os.environ["PATH"] += ":/usr/sbin"
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    if options.alone:  # our threads, and all processes that are started, inherit it
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    work = tempfile.mkdtemp(prefix="bench-jobs-", dir=os.path.abspath(options.dir))
    try:
        filesystem = subprocess.check_output(["stat", "-f", "-c", "%T", work], text=True).strip()
        print(f"Linux {platform.release()}, {os.cpu_count()} CPUs, {filesystem}, "
              f"load {os.getloadavg()[0]:.1f} at the start; "
              + "; ".join([version("qemu-storage-daemon", "--version"), version("fio", "--version"),
                           version("cp", "--version")])
              + f". {options.rounds} rounds"
              + (", before all else that runs" if options.alone else "") + ".\n", flush=True)
        machine = Machine(blockcopy.Library(options.library), work)
        for key in options.cases:
            measure(key, machine, options, work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
