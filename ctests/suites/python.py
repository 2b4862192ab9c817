"""libvirt-python: the binding's tests, and its example of sparse streams on a pool of ours. Twice: of the
binding that is installed, which is Debian's, and of one that is newer and has many more tests, built against
the libvirt that is installed. Functions that this has not yet are then not in it."""

import hashlib
import os
import re
import subprocess
import tarfile

# Debian's interpreter, for which the binding is installed.
PYTHON = "/usr/bin/python3"
# Of the source distributions.
SHA256 = {
    "9.0.0": "49702d33fa8cbcae19fa727467a69f7ae2241b3091324085ca1cc752b2b414ce",
    "11.3.0": "4cd31e625e8fefbbe168faedb38cb7fa2da3fa7394326eed29dc46e7ca511979",
    "12.8.0": "ab24a102ebf99b913ddc3459031aa71a48b0b1cdbb0f423b4ea278052791ac8a",
}
EXAMPLE = "examples/sparsestream.py"
MIB = 1 << 20


def installed():
    ask = "import importlib.metadata as m; print(m.version('libvirt-python'))"
    return subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True).stdout.strip()


def source_of(version, scratch):
    """The source distribution, unpacked: of the version that is wanted, and no other."""
    if version not in SHA256:
        raise OSError(f"no checksum of version '{version}' is known")
    folder = next(scratch.glob(f"libvirt[-_]python-{version}/"), None)
    if folder is None:
        subprocess.run([PYTHON, "-m", "pip", "download", "-q", "--no-deps", "--no-binary",
                        "libvirt-python", "-d", scratch, f"libvirt-python=={version}"], check=True)
        archive = next(scratch.glob(f"libvirt[-_]python-{version}.tar.gz"))
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256[version]:
            raise OSError(f"{archive.name} has the checksum {found}")
        with tarfile.open(archive) as content:
            content.extractall(scratch)
        folder = next(scratch.glob(f"libvirt[-_]python-{version}/"))
    return folder


class Binding:
    """One version of the binding."""

    def __init__(self, version, built):
        self.version = version
        self.built = built
        self.NAME = "libvirt-python " + ".".join(version.split(".")[:2])
        self.MISSING = ("what it is built with is not there" if built
                        else "its source distribution cannot be had")

    def fetch(self, scratch):
        if self.built:
            needs = ("import os, setuptools, sysconfig;"
                     "os.stat(sysconfig.get_paths()['include'] + '/Python.h')")
            subprocess.run([PYTHON, "-c", needs], check=True, stderr=subprocess.DEVNULL)
            subprocess.run(["pkg-config", "--exists", "libvirt"], check=True)
        return source_of(self.version, scratch)

    def build(self, source):
        if self.built and not self.modules(source):
            subprocess.run([PYTHON, "setup.py", "-q", "build"], cwd=source, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            assert self.modules(source), source
        return source

    def modules(self, source):
        return [str(folder) for folder in source.glob("build/lib.*")] if self.built else []

    def run(self, source, env):
        env = dict(env, PYTHONPATH=":".join([str(source / "tests"), *self.modules(source)]))
        modules = sorted(path.stem for path in (source / "tests").glob("test_*.py"))
        # One looks only at the binding's own sources, and only where python3-lxml is installed.
        modules = [module for module in modules if module != "test_api_coverage"]
        # Each by itself: a test that fails keeps its connection, in its traceback, and with that the
        # domains of test:///default as they are, which the next module's tests would find so.
        said = "".join(subprocess.run([PYTHON, "-m", "unittest", "-v", module], cwd=source, env=env,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                      timeout=3000).stderr for module in modules)
        results = {}
        # "testAttr (test_network.TestLibvirtNetwork.testAttr) ... ok"; what the test says of itself may
        # be on a line of its own, and what is said meanwhile on others.
        pattern = (r"^\w+ \((\w+)\.[\w.]*?(\w+)\)(?:\n.*?)? \.\.\. "
                   r"(?:.*\n)*?.*?(ok|FAIL|ERROR|skipped .*)$")
        for module, test, result in re.findall(pattern, said, re.MULTILINE):
            if not result.startswith("skipped"):
                results[f"{module}.{test}"] = result == "ok"
        # libvirt's own library would need a daemon for it.
        if env["LD_LIBRARY_PATH"]:
            results[EXAMPLE] = sparse_stream(source, env)
        return results


#: Built, where it is not the one that is installed.
NEWER = "12.8.0"
SUITES = [Binding(installed(), False)]
if installed() != NEWER:
    SUITES.append(Binding(NEWER, True))


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
