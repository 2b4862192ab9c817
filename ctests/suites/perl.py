"""Sys::Virt: its tests of connections, domains, storage and events, of the version that Debian has."""

import os
import re
import subprocess
from pathlib import Path

NAME = "Sys::Virt"
MISSING = ("Debian's source package of libsys-virt-perl cannot be had, which holds its tests; "
           "SYS_VIRT_SOURCE can name a folder with them")


def fetch(scratch):
    given = os.environ.get("SYS_VIRT_SOURCE")
    if given:
        return Path(given).resolve(strict=True)
    folder = scratch / "sys-virt"
    if not list(folder.glob("*/t")):
        # Lists of sources of its own: the system's are not to be changed for this.
        lists, parts = folder / "lists", folder / "parts"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        parts.mkdir(exist_ok=True)
        for path in [*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt").glob("sources.list.d/*")]:
            text = re.sub(r"(?m)^Types:.*", "Types: deb-src", path.read_text())
            (parts / path.name).write_text(re.sub(r"(?m)^deb ", "deb-src ", text))
        apt = ["apt-get", "-qq", "-o", "Dir::Etc::sourcelist=/dev/null",
               "-o", f"Dir::Etc::sourceparts={parts}", "-o", f"Dir::State::lists={lists}"]
        for step in (["update"], ["source", "libsys-virt-perl"]):
            subprocess.run(apt + step, cwd=folder, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    return next(folder.glob("*/t")).parent


def build(source):
    return source


def run(source, env):
    results = {}
    for test in sorted((source / "t").glob("[1-9]*.t")):
        said = subprocess.run(["/usr/bin/perl", test], cwd=source, env=env, timeout=3000,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        planned = int(re.search(r"^1\.\.(\d+)", said, re.MULTILINE)[1])
        for number in range(1, planned + 1):
            # What comes after a test that ends the program has not passed.
            passed = re.search(rf"^ok {number}\b(?!.*# skip)", said, re.MULTILINE)
            results[f"{test.name}:{number}"] = passed is not None
    return results
