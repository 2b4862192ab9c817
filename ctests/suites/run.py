#!/usr/bin/env python3
"""Runs the test suites of libvirt's clients: on libvirt's own library, and on ours in its place.

    run.py STAGE [--only SUITE,...]

STAGE is what `make stage` installed into. What does not pass here, and why, stands in the table of
docs/compatibility.md, and so does how much there is of each suite: anything else is a failure, also a
test that passes against what is written there. Nothing of the suites is kept: they come from where
their makers publish them, into target/suites. One that cannot be had is not run, and
named.
"""

import argparse
import fnmatch
import os
import re
import subprocess
import sys
from pathlib import Path

import c_examples
import go
import perl
import python
import rust
import virt_manager

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/compatibility.md"
SUITES = [*python.SUITES, perl, go, rust, c_examples]
# Those that are run only if they are named.
BY_HAND = [virt_manager]


def tables():
    """The rows of the two tables of the page: of suites, and of tests that do not pass."""
    section = PAGE.read_text().split("\n## Client test suites\n", 1)[1].split("\n## ", 1)[0]
    found = [[], []]
    table = -1
    for line in section.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and set("".join(cells)) == {"-"}:
            table += 1
        elif cells and not cells[0].startswith("suite"):
            found[table].append(cells)
    suites = {row[0]: [int(number) for number in row[2:5]] for row in found[0]}
    reasons = [(row[0], row[1].strip("`")) for row in found[1]]
    return suites, reasons


def environment(library):
    """For a client: with our library in place of libvirt's, or without."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LIBVIRT_")}
    env["LC_ALL"] = "C"
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["LD_LIBRARY_PATH"] = str(library) if library else ""
    return env


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", type=Path)
    parser.add_argument("--only", default=",".join(suite.NAME for suite in SUITES))
    options = parser.parse_args()
    drop_in = options.stage.resolve() / "usr/local/lib/virsparse/drop-in"
    assert (drop_in / "libvirt.so.0").exists(), drop_in
    scratch = ROOT / "target/suites"
    scratch.mkdir(parents=True, exist_ok=True)
    written, reasons = tables()
    passed = failed = skipped = 0
    for suite in SUITES + BY_HAND:
        if suite.NAME not in options.only.split(","):
            continue
        try:
            source = suite.fetch(scratch)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"NOT RUN {suite.NAME}: {suite.MISSING} ({error})")
            skipped += 1
            continue
        source = suite.build(source)
        theirs = suite.run(source, environment(None))
        ours = suite.run(source, environment(drop_in))
        faults = judge(suite.NAME, theirs, ours, written, reasons)
        failed += len(faults)
        passed += sum(ours.get(test) is True for test, result in theirs.items() if result)
        print("\n".join(f"FAIL {suite.NAME}: {fault}" for fault in faults)
              or f"PASS {suite.NAME}: as written")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


def judge(name, theirs, ours, written, reasons):
    """What is not as written."""
    good = sorted(test for test, result in theirs.items() if result)
    lost = [test for test in good if ours.get(test) is not True]
    # What was run on ours only.
    lost += [test for test, result in ours.items() if test not in theirs and not result]
    counts = [len(theirs), len(good), sum(ours.get(test) is True for test in good)]
    patterns = [pattern for suite, pattern in reasons if fnmatch.fnmatchcase(name, suite)]
    faults = [f"{test} does not pass" for test in lost
              if not any(fnmatch.fnmatchcase(test, pattern) for pattern in patterns)]
    # An older library beside ours may skip all that a reason is for.
    faults += [f"'{pattern}' has a reason, and passes" for pattern in patterns
               if any(fnmatch.fnmatchcase(test, pattern) for test in theirs)
               and not any(fnmatch.fnmatchcase(test, pattern) for test in lost)]
    if written.get(name) != counts:
        faults.append(f"tests, passing on libvirt and here: {counts}, but written {written.get(name)}")
    return faults


if __name__ == "__main__":
    sys.exit(main())
