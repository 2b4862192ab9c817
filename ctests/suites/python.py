"""libvirt-python: the binding's tests, and its example of sparse streams on a pool of ours. The source
distribution is of the same version as Debian's package, which is what is tested."""

import hashlib
import os
import re
import subprocess
import tarfile

NAME = "libvirt-python"
MISSING = "its source distribution cannot be had"
# Debian's interpreter, for which the binding is installed.
PYTHON = "/usr/bin/python3"
# Of the source distributions.
SHA256 = {
    "libvirt-python-9.0.0": "49702d33fa8cbcae19fa727467a69f7ae2241b3091324085ca1cc752b2b414ce",
}
EXAMPLE = "examples/sparsestream.py"
MIB = 1 << 20


def version():
    import_it = "import libvirt; v = libvirt.getVersion(); print(v // 10**6, v // 1000 % 1000, v % 1000)"
    said = subprocess.run([PYTHON, "-c", import_it], check=True, capture_output=True, text=True)
    return ".".join(said.stdout.split())


def fetch(scratch):
    wanted = f"libvirt-python-{version()}"
    if wanted not in SHA256:
        raise OSError(f"no checksum of {wanted} is known")
    folder = scratch / wanted
    if not folder.exists():
        package = wanted.replace("python-", "python==")
        subprocess.run([PYTHON, "-m", "pip", "download", "-q", "--no-deps", "--no-binary",
                        "libvirt-python", "-d", scratch, package], check=True)
        source = scratch / f"{wanted}.tar.gz"
        found = hashlib.sha256(source.read_bytes()).hexdigest()
        if found != SHA256[wanted]:
            raise OSError(f"{source.name} has the checksum {found}")
        with tarfile.open(source) as archive:
            archive.extractall(scratch)
    return folder


def build(source):
    return source


def run(source, env):
    modules = sorted(path.stem for path in (source / "tests").glob("test_*.py"))
    # One looks only at the binding's own sources, and only where python3-lxml is installed.
    modules = [module for module in modules if module != "test_api_coverage"]
    tests = subprocess.run([PYTHON, "-m", "unittest", "-v", *modules], cwd=source,
                           env=dict(env, PYTHONPATH=str(source / "tests")),
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                           timeout=3000)
    results = {}
    # "testAttr (test_network.TestLibvirtNetwork.testAttr) ... ok"; what is said meanwhile may be between.
    pattern = r"^\w+ \((\w+)\.[\w.]*?(\w+)\) \.\.\. (?:.*\n)*?.*?(ok|FAIL|ERROR|skipped .*)$"
    for module, test, result in re.findall(pattern, tests.stderr, re.MULTILINE):
        if not result.startswith("skipped"):
            results[f"{module}.{test}"] = result == "ok"
    # libvirt's own library would need a daemon for it.
    if env["LD_LIBRARY_PATH"]:
        results[EXAMPLE] = sparse_stream(source, env)
    return results


def sparse_stream(source, env):
    """Up and down again: equal, and no larger."""
    folder = source / "stream"
    subprocess.run(["rm", "-rf", folder], check=True)
    (folder / "pool").mkdir(parents=True)
    up, down, vol = folder / "up", folder / "down", folder / "pool/v"
    with open(up, "wb") as file:
        file.truncate(64 * MIB)
        for at in (0, 7 * MIB, 40 * MIB):
            os.pwrite(file.fileno(), os.urandom(MIB), at)
    uri = f"sparse:///embed?root={folder}/root"
    make = ("import libvirt, sys; c = libvirt.open(sys.argv[1]); p = c.storagePoolCreateXML("
            "f\"<pool type='dir'><name>p</name><target><path>{sys.argv[2]}</path></target></pool>\");"
            "p.createXML('<volume><name>v</name><capacity>67108864</capacity>"
            "<allocation>0</allocation></volume>')")
    steps = [[PYTHON, "-c", make, uri, folder / "pool"],
             [PYTHON, EXAMPLE, uri, "--upload", vol, up],
             [PYTHON, EXAMPLE, uri, "--download", vol, down]]
    for step in steps:
        if subprocess.run(step, cwd=source, env=env, timeout=3000).returncode != 0:
            return False
    same = all(subprocess.run(["cmp", up, other]).returncode == 0 for other in (vol, down))
    return same and all(file.stat().st_blocks <= up.stat().st_blocks for file in (vol, down))
