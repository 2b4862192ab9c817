"""virt-manager: the tests of its tools and of what these are made of (virt-install, virt-clone, virt-xml), on
libvirt's test driver with the files that the tests bring. Those of its windows are left out.

By hand only (`run.py STAGE --only "virt-manager on libvirt 9.0"`): which tests there are depends on
libosinfo and its database, which are those of the machine."""

import hashlib
import os
import re
import subprocess
import tarfile
from pathlib import Path

# Debian's interpreter, for which the modules are installed.
PYTHON = "/usr/bin/python3"
VERSION = "5.0.0"
SHA256 = "bc89ae46e0c997bd754ed62a419ca39c6aadec27e3d8b850cea5282f0083f84a"
# The release of Debian that has this version.
RELEASE = "trixie"
MODULES = "pytest, gi, requests, libxml2, libvirt; gi.require_version('Libosinfo', '1.0')"
MISSING = (f"the source of virt-manager {VERSION} in Debian's {RELEASE}, python3-pytest, python3-gi, "
           "python3-requests, python3-libxml2, gir1.2-libosinfo-1.0 or xorriso cannot be had; "
           "VIRT_MANAGER_SOURCE can name a folder with the source")


def installed():
    ask = "import libvirt; n = libvirt.getVersion(); print(f'{n // 1000000}.{n // 1000 % 1000}')"
    return subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True).stdout.strip()


NAME = f"virt-manager on libvirt {installed()}"


def fetch(scratch):
    subprocess.run([PYTHON, "-c", f"import {MODULES}"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["xorriso", "-version"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    given = os.environ.get("VIRT_MANAGER_SOURCE")
    if given:
        return Path(given).resolve(strict=True)
    folder = scratch / f"virt-manager-{VERSION}"
    if not folder.exists():
        archive = download(scratch / "virt-manager")
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256:
            raise OSError(f"{archive.name} has the checksum {found}")
        with tarfile.open(archive) as content:
            content.extractall(scratch)
    return folder


def download(folder):
    """The archive, by apt, with a list of sources of its own beside the system's."""
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    ask = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"]
    known = subprocess.run(ask, check=True, stdout=subprocess.PIPE, text=True).stdout
    uri = re.search(r"^Debian (\S+)$", known, re.MULTILINE)
    if uri is None:
        raise OSError("apt knows no archive of Debian's")
    (folder / "sources.list").write_text(f"deb-src {uri[1]} {RELEASE} main\n")
    apt = ["apt-get", "-qq", "-o", f"Dir::Etc::sourcelist={folder}/sources.list",
           "-o", "Dir::Etc::sourceparts=/dev/null", "-o", f"Dir::State::lists={folder}/lists"]
    for step in (["update"], ["source", "--download-only", "--tar-only", "virt-manager"]):
        subprocess.run(apt + step, cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    return next(folder.glob(f"virt-manager_{VERSION}.orig.tar.*"))


def build(source):
    return source


#: The tests that the first run has not skipped, on libvirt's own library.
told = []


def run(source, env):
    # These look at which options the other tests have used, and do so only if all have passed.
    left_out = "--ignore=tests/test_checkprops.py"
    said = subprocess.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA", "--tb=no", left_out],
                          cwd=source, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, timeout=3000).stdout
    found = re.findall(r"^(PASSED|FAILED|ERROR) tests/(\w+)\.py::(\w+)", said, re.MULTILINE)
    results = {f"{module}::{test}": result == "PASSED" for result, module, test in found}
    if not told:
        told.extend(results)
    # Ours has more of libvirt than the older library beside it, so more tests are not skipped.
    return {test: results.get(test, False) for test in told}
