"""libvirt's C examples, compiled against libvirt and run on both libraries: exit status and output must
be the same."""

import re
import subprocess
from pathlib import Path

NAME = "libvirt's C examples"
MISSING = "libvirt-doc is not installed"
FOLDER = Path("/usr/share/doc/libvirt-doc/examples/c")
RUNS = {
    "hellolibvirt": ["test:///default"],
    "info1": ["test:///default", "test"],
    "openauth": ["test:///default", "user", "password"],
    "suspend": ["-c", "test:///default", "-s", "1", "test"],
    "rename": ["test", "other"],
    "event-test": ["test:///default"],
    "dommigrate": ["test:///default", "test:///default", "test"],
    "domtop": ["-c", "test:///default", "-D", "200", "test"],
}


def fetch(scratch):
    FOLDER.stat()
    folder = scratch / "c-examples"
    folder.mkdir(exist_ok=True)
    return folder


def build(folder):
    for name in RUNS:
        source = next(FOLDER.glob(f"*/{name}.c"))
        subprocess.run(["cc", "-o", folder / name, source, "-lvirt"], check=True)
    return folder


#: The output of the first run, on libvirt's own library.
said = {}


def run(source, env):
    results = {}
    env = dict(env, LIBVIRT_DEFAULT_URI="test:///default")
    for name, arguments in RUNS.items():
        # domtop and event-test go on until they are interrupted.
        command = ["timeout", "-s", "INT", "2", source / name, *arguments]
        done = subprocess.run(command, env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # The name of the library and the source of a message may differ.
        text = re.sub(r"version: [\d.]+", "version:", done.stdout)
        text = re.sub(r"^libvirt: .*? error :", "libvirt: error :", text, flags=re.MULTILINE)
        if name == "domtop":
            # As often as there was time for.
            text = "\n".join(sorted(set(text.splitlines())))
        answer = (done.returncode, text)
        results[name] = said.setdefault(name, answer) == answer
    return results
