#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures our NBD export beside qemu-nbd and nbdkit's file plugin, and prints Markdown.

All three serve the same raw image, which is in the page cache: it is the servers that are compared,
not the drive. nbdcopy copies the image out and in; fio reads and writes 4 KiB in random places, with
1 and with 16 requests under way on one connection. The contenders take turns, round by round, so
that a slow minute of the machine hits all of them. Each ratio in the table is the median of the
ratios within the rounds, for the same reason.

Ours is `cargo build --release --example nbd_export`.
"""

import argparse
import filecmp
import json
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

MIB, GIB = 2**20, 2**30
OURS, QEMU, NBDKIT = "ours", "qemu-nbd", "nbdkit file"


def run(*argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def write_image(path, size):
    """Data and holes of 2 MiB in turn; the data is incompressible."""
    noise = random.Random(1).randbytes(8 * MIB)
    with open(path, "wb", buffering=0) as image:
        os.ftruncate(image.fileno(), size)
        for number, offset in enumerate(range(0, size, 4 * MIB)):
            start = number * 4099 % (6 * MIB)
            os.pwrite(image.fileno(), noise[start:start + 2 * MIB], offset)
        os.fsync(image.fileno())


class Server:
    def __init__(self, name, work, command):
        self.name = name
        self.socket = os.path.join(work, name.replace(" ", "-") + ".sock")
        self.uri = f"nbd+unix:///?socket={self.socket}"
        self.process = subprocess.Popen([part.replace("SOCKET", self.socket) for part in command])
        deadline = time.monotonic() + 10
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{name} does not start")
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def servers(options, work, image):
    yield Server(OURS, work, [options.ours, "SOCKET", image])
    # With as many clients as nbdcopy likes to be, and zeroes that may make holes, as in ours.
    yield Server(QEMU, work, ["qemu-nbd", "-t", "-e", "16", "-f", "raw", "--cache=writeback",
                              "--discard=unmap", "-k", "SOCKET", image])
    yield Server(NBDKIT, work, ["nbdkit", "-f", "-U", "SOCKET", "file", image])


# ---- What is measured: each returns a number ----

def timed(*argv):
    start = time.monotonic()
    run(*argv)
    return time.monotonic() - start


class CopyOut:
    title, unit, more_is_better = "nbdcopy to null:", "s", False

    def __init__(self, options, work, image):
        pass

    def measure(self, server):
        return timed("nbdcopy", server.uri, "null:")


class CopyToFile:
    title, unit, more_is_better = "nbdcopy to a file", "s", False

    def __init__(self, options, work, image):
        self.image, self.target, self.compared = image, os.path.join(work, "copy"), set()

    def measure(self, server):
        took = timed("nbdcopy", server.uri, self.target)
        if server.name not in self.compared:
            self.compared.add(server.name)
            if not filecmp.cmp(self.image, self.target, shallow=False):
                sys.exit(f"{server.name} gave something else than the image")
        os.unlink(self.target)
        return took


class CopyIn:
    title, unit, more_is_better = "nbdcopy from a file", "s", False

    def __init__(self, options, work, image):
        self.source = os.path.join(work, "source")
        if not os.path.exists(self.source):
            shutil.copyfile(image, self.source)

    def measure(self, server):
        took = timed("nbdcopy", self.source, server.uri)
        run("sync")
        return took


class Random:
    unit, more_is_better = "IOPS", True

    def __init__(self, what, depth):
        self.what, self.depth = what, depth
        self.title = f"fio 4 KiB {what}, {depth} at a time"

    def __call__(self, options, work, image):
        self.runtime, self.size = options.runtime, options.size * MIB
        return self

    def measure(self, server):
        report = run("fio", "--name=random", "--ioengine=nbd", f"--uri={server.uri}",
                     f"--rw={self.what}", "--bs=4k", f"--iodepth={self.depth}",
                     "--time_based", f"--runtime={self.runtime}", f"--size={self.size}",
                     "--norandommap", "--randrepeat=0", "--thread", "--output-format=json")
        job = json.loads(report[report.index("{"):])["jobs"][0]
        return job["read" if "read" in self.what else "write"]["iops"]


CASES = [CopyOut, CopyToFile, CopyIn, Random("randread", 1), Random("randread", 16),
         Random("randwrite", 1), Random("randwrite", 16)]


# ---- The report ----

def show(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3f}"


def print_table(case, contenders, values):
    against = values.get(QEMU)
    print(f"### {case.title}\n\n| contender | median {case.unit} | min | max | of qemu-nbd's |\n"
          "| --- | --- | --- | --- | --- |")
    for server in contenders:
        mine = values[server.name]
        ratio = ""
        if against and server.name != QEMU:
            ratio = f"{statistics.median(m / a for m, a in zip(mine, against)):.2f}"
        print(f"| {server.name} | {show(statistics.median(mine))} | {show(min(mine))} "
              f"| {show(max(mine))} | {ratio} |")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--ours", default="target/release/examples/nbd_export",
                        help="the example program that exports an image (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runtime", type=int, default=3, help="seconds of each run of fio")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the image")
    parser.add_argument("--cases", help="numbers of the cases, from 1 (default: all)")
    parser.add_argument("--only", help="names of the contenders (default: all)")
    parser.add_argument("--dir", default=".", help="where to work; needs three times the size")
    options = parser.parse_args()
    chosen = [int(n) - 1 for n in options.cases.split(",")] if options.cases else range(len(CASES))
    work = tempfile.mkdtemp(prefix="bench-nbd-", dir=os.path.abspath(options.dir))
    contenders = []
    try:
        image = os.path.join(work, "image")
        write_image(image, options.size * MIB)
        for server in servers(options, work, image):
            contenders.append(server)
        measured = [server for server in contenders
                    if not options.only or server.name in options.only.split(",")]
        print(f"Linux {platform.release()}, {os.cpu_count()} CPUs, "
              f"load {os.getloadavg()[0]:.1f} at the start; "
              + "; ".join(run(*argv).partition("\n")[0] for argv in
                          [("qemu-nbd", "--version"), ("nbdkit", "--version"),
                           ("nbdcopy", "--version"), ("fio", "--version")])
              + f". An image of {options.size} MiB, {options.rounds} rounds.\n", flush=True)
        for case in (CASES[number](options, work, image) for number in chosen):
            values = {server.name: [] for server in measured}
            for _ in range(options.rounds):
                for server in measured:
                    values[server.name].append(case.measure(server))
            print_table(case, measured, values)
    finally:
        for server in contenders:
            server.stop()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
