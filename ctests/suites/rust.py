"""The crate virt: its tests, except those that need a daemon, which it skips itself."""

import os
import re
import shutil
import subprocess
from pathlib import Path

# Versions and checksums of the crate and of what it needs: with it as a dependency, which brings its
# source, and by itself, which runs its tests.
LOCKS = Path(__file__).parent
NAME = "virt"
MISSING = "the crate cannot be had"
VERSION = "0.5.0"
MANIFEST = f"""[package]
name = "suite"
version = "0.0.0"
edition = "2021"

[workspace]

[dependencies]
virt = "={VERSION}"
"""


def cargo(folder, env, *arguments):
    return subprocess.run([os.environ.get("CARGO", "cargo"), *arguments], cwd=folder, env=env,
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def fetch(scratch):
    """A copy of the crate as it was published, with its tests."""
    folder = scratch / f"virt-{VERSION}"
    if not folder.exists():
        fetch = scratch / "virt-fetch"
        (fetch / "src").mkdir(parents=True, exist_ok=True)
        (fetch / "src/lib.rs").touch()
        (fetch / "Cargo.toml").write_text(MANIFEST)
        shutil.copy(LOCKS / "virt-as-dependency.lock", fetch / "Cargo.lock")
        cargo(fetch, None, "vendor", "--quiet", "--locked", "vendor")
        shutil.copytree(fetch / "vendor/virt", folder)
        (folder / ".cargo-checksum.json").unlink()
        with open(folder / "Cargo.toml", "a") as manifest:
            manifest.write("\n[workspace]\n")
        shutil.copy(LOCKS / "virt.lock", folder / "Cargo.lock")
    return folder


def build(folder):
    """The programs of its tests, by their names."""
    env = dict(os.environ, CARGO_TARGET_DIR=str(folder.parent / "virt-target"))
    said = cargo(folder, env, "test", "--no-run", "--locked").stderr
    programs = re.findall(r"Executable tests/(\w+)\.rs \((.*)\)", said)
    return folder, programs


def run(source, env):
    folder, programs = source
    results = {}
    for name, program in programs:
        said = subprocess.run([program, "--test-threads=1"], cwd=folder, env=env, timeout=3000,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        for test, result in re.findall(r"^test (\w+)(?: - should panic)? \.\.\. (\w+)", said,
                                       re.MULTILINE):
            if result != "ignored":
                results[f"{name}::{test}"] = result == "ok"
    return results
