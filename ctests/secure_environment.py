"""A program that runs with more rights than its user (setuid) ignores that user's environment: both
where definitions are kept and what a URI means."""

import os
import shutil
import subprocess
import sys
import tempfile

# The UID of nobody, which has no home folder.
OWNER = 65533

PROGRAM = """
#include <stdio.h>
#include <unistd.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

static void ignore(void *opaque, virErrorPtr error)
{
    (void)opaque;
    (void)error;
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    virSetErrorFunc(NULL, ignore);
    conn = virConnectOpen(argv[1]);
    printf("%d %s", geteuid() != getuid(), conn ? "opened" : virGetLastErrorMessage());
    return conn ? virConnectClose(conn) : 0;
}
"""


def said(program, uri, environment):
    done = subprocess.run([program, uri], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done
    return done.stdout.split(" ", 1)


def main():
    if os.geteuid() != 0:
        print("NOT RUN: a setuid program: it takes root")
        return
    library = next(folder for folder in os.environ["LD_LIBRARY_PATH"].split(":")
                   if os.path.exists(f"{folder}/libvirsparse.so"))
    include = f"{library}/../include/virsparse"
    folder = tempfile.mkdtemp(dir="/tmp")
    try:
        os.chmod(folder, 0o755)
        for name in ["libvirsparse.so", "libvirsparse.so.0"]:
            shutil.copy(f"{library}/{name}", f"{folder}/{name}")
        with open(f"{folder}/program.c", "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        program = f"{folder}/program"
        subprocess.run(["cc", "-I", include, f"{folder}/program.c", "-o", program, "-L", folder,
                        "-lvirsparse", f"-Wl,-rpath,{folder}"], check=True)
        home = f"{folder}/home"
        os.mkdir(home)
        os.chown(home, OWNER, OWNER)
        environment = {"HOME": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home,
                       "VIRSPARSE_URI_ALIASES": "other=test:///default", "LIBVIRT_DEBUG": "1"}
        plain = {**environment}
        plain.pop("LIBVIRT_DEBUG")
        assert said(program, "sparse:///session", plain) == ["0", "opened"]
        assert said(program, "other", plain) == ["0", "opened"]
        made = os.listdir(home)
        assert made == ["virsparse"], made
        shutil.rmtree(f"{home}/virsparse")

        os.chown(program, OWNER, OWNER)
        os.chmod(program, 0o4755)
        is_secure, message = said(program, "sparse:///session", environment)
        if is_secure != "1":
            print("NOT RUN: a setuid program: the filesystem of /tmp ignores that")
            return
        assert message == "internal error: sparse:///session needs HOME or XDG_STATE_HOME", message
        message = said(program, "other", environment)[1]
        assert message.startswith("no connection driver available"), message
        assert os.listdir(home) == [], os.listdir(home)
    finally:
        shutil.rmtree(folder)
    print("a setuid program takes nothing from its caller's environment")


sys.exit(main())
