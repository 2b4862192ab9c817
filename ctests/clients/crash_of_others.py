"""A process that runs a domain is killed, the one that has started it or one of the domain's own: processes that only run
their event loop are told once that the domain has stopped, and it is off as crashed for everybody. Processes without a
loop see it at their next call. The domain can be started again at once. The time that it takes is printed."""

import atexit
import fcntl
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import time

import libvirt

FOLDER = os.environ["TEST_DIR"]
URI = f"sparse:///embed?root={FOLDER}/root"
os.environ["VIRSPARSE_LIBEXECDIR"] = os.path.join(os.path.dirname(os.environ["LIBRARY"]), "../libexec")
DEADLINE = 60
ROUNDS = 8
DOMAIN = f"""<domain type='kvm'><name>NAME</name><memory unit='MiB'>8</memory><vcpu>1</vcpu><os><type>hvm</type></os>
<devices><disk type='file'><driver name='qemu' type='raw'/><source file='{FOLDER}/NAME'/>
<target dev='vda' bus='virtio'/></disk></devices></domain>"""
STARTED = ["4 0", "2 0"]
CRASHED = [f"{libvirt.VIR_DOMAIN_EVENT_STOPPED} {libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED}"]
OFF = libvirt.VIR_DOMAIN_SHUTOFF


def say(*words):
    print(*words, flush=True)


def run():
    """Starts domains, one that is defined and one that is not, and is killed."""
    conn = libvirt.open(f"{URI}&hold={sys.argv[2]}")
    kept = conn.lookupByName("kept")
    kept.create()
    holders = [kept, conn.createXML(DOMAIN.replace("NAME", "fleeting"))]
    say("ready")
    say(*(re.search(r"<virsparse:holder [^>]*pid='(\d+)'", dom.XMLDesc())[1] for dom in holders))
    sys.stdin.read()


def listen():
    """Only runs the loop, and says what it is told, and when."""
    libvirt.virEventRegisterDefaultImpl()
    conn = libvirt.open(URI)

    def on_event(conn, dom, event, detail, opaque):
        say(time.monotonic(), dom.name(), event, detail)

    conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_event, None)
    say("ready")
    while True:
        libvirt.virEventRunDefaultImpl()


def end():
    """Ends a domain as it is told to."""
    conn = libvirt.open(URI)
    dom = conn.lookupByName("kept")
    dom.create()
    getattr(dom, sys.argv[2])()
    say("ready")


def state():
    """Says what a process sees that looks for the first time."""
    say("ready")
    say(*libvirt.open(URI).lookupByName("kept").state())


class Process:
    def __init__(self, *arguments):
        command = [sys.executable, os.path.abspath(__file__), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # Also where the test fails.
        atexit.register(self.process.kill)
        assert self.line() == "ready", arguments

    def line(self):
        signal.alarm(DEADLINE)
        line = self.process.stdout.readline().strip()
        signal.alarm(0)
        return line

    def events(self, count):
        """The next ones that it is told: what happened to which domain, and the time of the last one."""
        told = {"kept": [], "fleeting": []}
        for _ in range(count):
            at, name, what = self.line().split(maxsplit=2)
            told[name].append(what)
        return told, float(at)

    def kill_holders(self):
        """Ends the processes that run the domains that this one has started."""
        holders = {int(pid) for pid in self.line().split()}
        assert (self.process.pid in holders) == (len(holders) == 1), holders
        for pid in holders:
            os.kill(pid, signal.SIGKILL)
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def one_line(*arguments):
    process = Process(*arguments)
    line = process.line()
    process.kill()
    return line


def check_reasons(conn):
    """Another process knows why a domain was stopped, and so does one that is opened later."""
    dom = conn.lookupByName("kept")
    assert dom.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN]
    for how, reason in [
        ("destroy", libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED),
        ("shutdown", libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN),
    ]:
        Process("end", how).kill()
        assert dom.state() == [OFF, reason]
        assert one_line("state") == f"{OFF} {reason}"


def check_crashes(conn, hold):
    listeners = [Process("listen"), Process("listen")]
    dom = conn.lookupByName("kept")
    delays = []
    for number in range(ROUNDS):
        runner = Process("run", hold)
        # One that begins to listen when the domains run already.
        late = Process("listen")
        for listener in listeners:
            assert listener.events(4)[0] == {"kept": STARTED, "fleeting": STARTED}
        killed = time.monotonic()
        runner.kill_holders()
        if hold == "caller" and number % 3 == 0:
            # It looks as soon as the process is gone, and is not always the first one.
            assert dom.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED]
        for listener in [*listeners, late]:
            told, at = listener.events(2)
            assert told == {"kept": CRASHED, "fleeting": CRASHED}, told
            delays.append(at - killed)
        late.kill()
        assert dom.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED]
        assert one_line("state") == f"{OFF} {libvirt.VIR_DOMAIN_SHUTOFF_CRASHED}"
        assert conn.listAllDomains(0)[0].name() == "kept" and len(conn.listAllDomains(0)) == 1
        for folder in ["domains", "disks"]:
            assert os.listdir(f"{FOLDER}/root/run/{folder}") == [], folder
    # Nothing comes twice: what comes next is of the next start.
    runner = Process("run", hold)
    for listener in listeners:
        assert listener.events(4)[0] == {"kept": STARTED, "fleeting": STARTED}
        listener.kill()
    runner.kill_holders()
    wait_for_end()
    # Nobody listens. The next one that opens the root notices it.
    assert one_line("state") == f"{OFF} {libvirt.VIR_DOMAIN_SHUTOFF_CRASHED}"
    assert os.listdir(f"{FOLDER}/root/run/domains") == []
    return delays


def wait_for_end():
    """Waits until no process has the lock of a domain's owner: one that was killed ends a little later."""
    folder = f"{FOLDER}/root/run/disks"
    end = time.monotonic() + DEADLINE
    while any(is_locked(f"{folder}/{name}/owner") for name in os.listdir(folder)):
        assert time.monotonic() < end
        time.sleep(0.001)


def is_locked(path):
    with open(path) as file:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        found = fcntl.fcntl(file, 36, asked)  # F_OFD_GETLK
        return struct.unpack("hhqqi4x", found)[0] != fcntl.F_UNLCK


if len(sys.argv) > 1:
    {"run": run, "listen": listen, "end": end, "state": state}[sys.argv[1]]()
    sys.exit()
libvirt.registerErrorHandler(lambda data, error: None, None)
for name in ["kept", "fleeting"]:
    with open(f"{FOLDER}/{name}", "wb") as disk:
        disk.truncate(1 << 20)
conn = libvirt.open(URI)
conn.defineXML(DOMAIN.replace("NAME", "kept"))
check_reasons(conn)
delays = sorted(delay for hold in ["caller", "process"] for delay in check_crashes(conn, hold))
print(f"crash_of_others: {2 * ROUNDS} crashes; from the kill to the callback "
      f"median {statistics.median(delays) * 1e3:.1f} ms, at most {delays[-1] * 1e3:.1f} ms")  # fmt: skip
