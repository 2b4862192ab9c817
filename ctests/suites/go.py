"""libvirt-go: the tests of the Go binding that Debian has. Each runs in a process of its own, because they
change the domains of test:///default."""

import os
import re
import subprocess
from pathlib import Path

NAME = "libvirt-go"
MISSING = "Go or Debian's package of the binding is not installed"
PACKAGE = "github.com/libvirt/libvirt-go"
GOPATH = Path("/usr/share/gocode")
GO = "/usr/bin/go"


def fetch(scratch):
    (GOPATH / "src" / PACKAGE).stat()
    os.stat(GO)
    folder = scratch / "go"
    folder.mkdir(exist_ok=True)
    return folder


def build(folder):
    """The program of its tests. Nothing is fetched for it: all that it needs is in the package and in Go."""
    env = dict(os.environ, GOPATH=str(GOPATH), GO111MODULE="off", GOPROXY="off", GOTOOLCHAIN="local",
               GOCACHE=str(folder / "cache"), GOFLAGS="")
    program = folder / "tests"
    # The checks of later versions of Go refuse the binding.
    subprocess.run([GO, "test", "-vet=off", "-c", "-o", program, PACKAGE], env=env, check=True)
    return program


def run(program, env):
    listed = subprocess.run([program, "-test.list", "."], env=env, check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    results = {}
    for test in re.findall(r"^Test\w+", listed, re.MULTILINE):
        done = subprocess.run([program, "-test.v", "-test.run", f"^{test}$"], env=env, timeout=3000,
                              cwd=program.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True)
        # A test that is skipped ends well, too.
        results[test] = done.returncode == 0 and f"--- PASS: {test} " in done.stdout
    return results
