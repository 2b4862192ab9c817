#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures the block layer beside qemu-img, and prints Markdown: conversions from and to qcow2, and
small writes into a fresh overlay.

It is measured as in volumes.py: one process from start to exit, the source in the page cache, the
contenders by turns. A conversion leaves it to the system when the target reaches the medium, which is
what `qemu-img convert` does by default; the writes are flushed by both every 64, in the same cache
mode. Every result of a first round is compared with the source by qemu-img, and a qcow2 image is
checked.

The machine may be shared: `--first` asks the scheduler to run the contenders before everything else
(for root), so that one with many threads does not win merely by asking more often.
"""

import argparse
import os
import shutil
import subprocess
import tempfile

from volumes import (GIB, KIB, MIB, Contender, Failed, allocated, gib, layouts, print_machine,
                     print_rows, remove, run, take_turns)

QEMU_IMG = ["qemu-img", "convert", "-W", "-m", "16"]
# Far apart, and never the same place twice for as many as are written.
STEP = 26489 * 4 * KIB


class Conversion(Contender):
    """A command that makes `target`, which is to read as `source`, in that format."""

    def __init__(self, name, argv, target, target_format):
        super().__init__(name, argv, target)
        self.target_format = target_format

    def check(self, source):
        if self.target_format == "qcow2":
            run(["qemu-img", "check", "-q", "-f", "qcow2", self.target])
        run(["qemu-img", "compare", "-q", "-f", "raw", "-F", self.target_format, source,
             self.target])
        return allocated(self.target)


class Writes(Contender):
    """A command that writes into a new overlay."""

    def __init__(self, name, argv, overlay, base, base_format):
        super().__init__(name, argv, overlay, lambda: run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", base_format, overlay]))

    def check(self, _source):
        run(["qemu-img", "check", "-q", "-f", "qcow2", self.target])
        return allocated(self.target)


def conversions(options, work, source, source_format, target_format, compressed=False):
    target = os.path.join(work, "target")
    ours = [options.image_tool, "convert", source_format, source, target_format, target]
    qemu = [*QEMU_IMG, *(["-c"] if compressed else []), "-f", source_format, "-O", target_format,
            source, target]
    return [Conversion("ours", ours + (["deflate"] if compressed else []), target, target_format),
            Conversion("qemu-img", qemu, target, target_format)]


def measure(options, title, rows, source):
    take_turns(title, rows, source, options.rounds)
    print_rows(title, rows, options.rounds)


def measure_layout(options, work, key, layout):
    raw, qcow2 = (os.path.join(work, name) for name in ["source.raw", "source.qcow2"])
    layout.write(raw)
    run([*QEMU_IMG, "-f", "raw", "-O", "qcow2", raw, qcow2])
    try:
        measure(options, f"{key}, qcow2 to raw: {layout.title}",
                conversions(options, work, qcow2, "qcow2", "raw"), raw)
        measure(options, f"{key}, raw to qcow2: {layout.title}",
                conversions(options, work, raw, "raw", "qcow2"), raw)
    finally:
        remove(raw)
        remove(qcow2)


def measure_chain(options, work, layout):
    """The extents of a layout spread over three images, each of which refers to the one below."""
    images = [os.path.join(work, f"chain{number}.qcow2") for number in range(3)]
    raw = os.path.join(work, "source.raw")
    for number, image in enumerate(images):
        below = ["-b", images[number - 1], "-F", "qcow2"] if number else []
        run(["qemu-img", "create", "-q", "-f", "qcow2", *below, image, str(layout.size)])
        writes = "".join(f"write -q -P {index % 250 + 1} {offset} {length}\n"
                         for index, (offset, length) in enumerate(layout.extents)
                         if index % 3 == number)
        subprocess.run(["qemu-io", "-f", "qcow2", "-t", "unsafe", image], input=writes, text=True,
                       stdout=subprocess.DEVNULL, check=True)
    try:
        run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", images[2], raw])
        measure(options, f"a chain of three, qcow2 to raw: {layout.title}",
                conversions(options, work, images[2], "qcow2", "raw"), raw)
    finally:
        for path in [*images, raw]:
            remove(path)


def measure_compression(options, work):
    """Text compresses; two cores are what counts here."""
    raw = os.path.join(work, "source.raw")
    size = (16 if options.quick else 256) * MIB
    with open(raw, "wb") as image:
        for number in range(size // (64 * KIB)):
            line = b"".join(b"line %d of block %d\n" % (i * i % 977, number) for i in range(4000))
            image.write(line[:64 * KIB])
    try:
        measure(options, f"raw to compressed qcow2 (deflate): {gib(size)} of text",
                conversions(options, work, raw, "raw", "qcow2", True), raw)
    finally:
        remove(raw)


def measure_writes(options, work):
    count = 512 if options.quick else options.writes
    base, overlay = os.path.join(work, "base"), os.path.join(work, "overlay.qcow2")
    size = (64 * MIB) if options.quick else GIB
    bases = {"an empty image": ("qcow2", 4 * GIB), "data": ("raw", size)}
    for what, (base_format, length) in bases.items():
        if base_format == "qcow2":
            run(["qemu-img", "create", "-q", "-f", "qcow2", base, str(length)])
        else:
            with open(base, "wb") as image:
                for _ in range(0, length, MIB):
                    image.write(os.urandom(MIB))
                os.fsync(image.fileno())
        for cache in ["writeback", "none"]:
            numbers = [str(count), str(STEP), "64"]
            rows = [Writes(f"ours, {threads} thread{'s' if threads > 1 else ''}",
                           [options.image_tool, "bench", overlay, cache, *numbers, str(threads)],
                           overlay, base, base_format) for threads in [1, 8]]
            rows += [Writes(f"qemu-img bench, depth {depth}",
                            ["qemu-img", "bench", "-f", "qcow2", "-w", "-s", "4096", "-c", str(count),
                             "-S", str(STEP), "--flush-interval=64", "--pattern=90", "-t", cache,
                             "-d", str(depth), overlay],
                            overlay, base, base_format) for depth in [1, 64]]
            measure(options, f"{count:,} writes of 4 KiB into an overlay over {what}, a flush every "
                    f"64, cache {cache}", rows, base)
        remove(base)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--image-tool", metavar="PATH", required=True, help="benches/image_tool.rs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", default="a,b,d,chain,compression,writes", metavar="NAME,...",
                        help="what to measure: layouts a to d as in volumes.py, chain, compression, "
                        "writes (default: all but c, which takes long to delete)")
    parser.add_argument("--writes", type=int, default=8192, help="how many (default: 8192)")
    parser.add_argument("--dir", default=".", help="where to work; needs 12 GB (default: here)")
    parser.add_argument("--first", action="store_true", help="run before everything else")
    parser.add_argument("--quick", action="store_true", help="small images, to try the script")
    options = parser.parse_args()
    options.image_tool = os.path.abspath(options.image_tool)
    return options


def run_first():
    # A group of its own for the scheduler, which is told what the group may have.
    os.setsid()
    if os.path.exists("/proc/self/autogroup"):
        with open("/proc/self/autogroup", "w") as group:
            group.write("-20")
    os.nice(-19)


def main():
    options = parse_arguments()
    if options.first:
        child = os.fork()
        if child:
            raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        run_first()
    work = tempfile.mkdtemp(prefix="bench-", dir=os.path.abspath(options.dir))
    try:
        print_machine(work)
        images = layouts(options.quick)
        for name in options.images.split(","):
            if name == "chain":
                measure_chain(options, work, images["a"])
            elif name == "compression":
                measure_compression(options, work)
            elif name == "writes":
                measure_writes(options, work)
            else:
                measure_layout(options, work, name, images[name])
    except Failed as failure:
        raise SystemExit(f"images.py: {failure}") from None
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
