"""Our library is preloaded, and a program finds libvirt's functions by dlsym, as ctypes and JNA do: half of the calls
would go to one library and half to the other. Opening a connection then fails, with a message
that says what to set instead, and that works. Programs that link the functions are not affected."""

import os
import subprocess
import sys

PYTHON = "/usr/bin/python3"
JNA = "/usr/share/java/jna.jar"
CTYPES = """
import ctypes, sys
lib = ctypes.CDLL("libvirt.so.0")
lib.virConnectOpen.restype = lib.virConnectOpenAuth.restype = ctypes.c_void_p
lib.virGetLastErrorMessage.restype = lib.virConnectGetType.restype = ctypes.c_char_p
lib.virConnectGetType.argtypes = [ctypes.c_void_p]
lib.virConnectOpenReadOnly.restype = ctypes.c_void_p
if sys.argv[2] == "initialize":
    print("initialized:", lib.virInitialize())
for name in ("virConnectOpen", "virConnectOpenReadOnly"):
    conn = getattr(lib, name)(sys.argv[1].encode())
    if conn:
        print("opened:", lib.virConnectGetType(conn).decode())
    else:
        print("refused:", lib.virGetLastErrorCode(), lib.virGetLastErrorMessage().decode())
"""
JAVA = """
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

public class Probe {
    public interface Virt extends Library {
        int virInitialize();
        Pointer virConnectOpen(String name);
        String virConnectGetType(Pointer conn);
        int virGetLastErrorCode();
        String virGetLastErrorMessage();
    }

    public static void main(String[] arguments) {
        Virt lib = Native.load("virt", Virt.class);
        Pointer conn = lib.virConnectOpen(arguments[0]);
        if (conn != null)
            System.out.println("opened: " + lib.virConnectGetType(conn));
        else
            System.out.println("refused: " + lib.virGetLastErrorCode() + " " + lib.virGetLastErrorMessage());
    }
}
"""
LINKED = """
import sys
import libvirt
print("opened:", libvirt.open(sys.argv[1]).getType())
"""

folder = os.environ["TEST_DIR"]
ours = os.environ["LD_LIBRARY_PATH"].split(":")[0]
drop_in = os.path.join(ours, "virsparse/drop-in")
uri = f"sparse:///embed?root={folder}/root"
environment = {name: value for name, value in os.environ.items() if name not in ("LD_LIBRARY_PATH", "LD_PRELOAD")}
PRELOAD = {"LD_PRELOAD": os.path.join(ours, "libvirsparse.so.0")}
INSTEAD = {"LD_LIBRARY_PATH": drop_in}


def run(command, more):
    done = subprocess.run(command, env=dict(environment, **more), text=True, capture_output=True)
    assert done.returncode == 0, (command[0], done)
    return done.stdout.splitlines(), done.stderr


def is_refused(line, what_to_do=f"Set LD_LIBRARY_PATH={drop_in} instead of LD_PRELOAD"):
    assert line.startswith("refused: 55 ") and "by dlsym" in line and what_to_do in line, line


def check(command, opens):
    """Refused with the one variable, in so many calls, and opened with the other."""
    lines, said = run(command, PRELOAD)
    refused = [line for line in lines if not line.startswith("initialized")]
    assert len(refused) == opens, lines
    for line in refused:
        is_refused(line)
    assert not said, said
    lines, said = run(command, INSTEAD)
    assert [line for line in lines if line != "initialized: 0"] == ["opened: SPARSE"] * opens and not said, (lines, said)


for first in ("open", "initialize"):
    check([PYTHON, "-c", CTYPES, uri, first], 2)
if run([PYTHON, "-c", "import importlib.util as u; print(u.find_spec('libvirt') is not None)"], {})[0] == ["True"]:
    for variables in (PRELOAD, INSTEAD):
        assert run([PYTHON, "-c", LINKED, uri], variables) == (["opened: SPARSE"], ""), variables
else:
    print("NOT RUN: a binding that links its functions: there is no python3-libvirt")

jar = os.environ.get("JNA_JAR", JNA)
if subprocess.run(["sh", "-c", "command -v javac"], capture_output=True).returncode != 0:
    print("NOT RUN: JNA: there is no JDK")
elif not os.path.exists(jar):
    print("NOT RUN: JNA: there is no libjna-java")
else:
    with open(f"{folder}/Probe.java", "w") as source:
        source.write(JAVA)
    subprocess.run(["javac", "-cp", jar, "-d", folder, f"{folder}/Probe.java"], check=True, env=environment)
    # JNA asks for libvirt.so, which libvirt-dev has.
    check(["java", "-cp", f"{jar}:{folder}", "Probe", uri], 1)
print("preload_dlsym: all passed")
sys.exit(0)
