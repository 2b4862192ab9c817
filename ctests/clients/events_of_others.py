"""Processes that only run their event loop are told what other processes do with the same root: once, and all of them in
one order, the one in which it was done. The time that it takes is printed."""

import atexit
import os
import statistics
import subprocess
import sys
import time

FOLDER = os.environ["TEST_DIR"]
URI = f"sparse:///embed?root={FOLDER}/root"
DEADLINE = 60
ROUNDS = 5
MEASURED = 200

DOMAIN = f"""<domain type='kvm'><name>d</name><uuid>7f307396-f344-4837-9dc5-110ce400d1b9</uuid>
<memory unit='MiB'>8</memory><vcpu>1</vcpu><os><type>hvm</type></os><devices>
<disk type='file'><driver name='qemu' type='raw'/><source file='{FOLDER}/disk'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>"""
POOL = f"<pool type='dir'><name>p</name><target><path>{FOLDER}/pool</path></target></pool>"

import libvirt  # noqa: E402


def domain(conn):
    return conn.lookupByName("d")


def pool(conn):
    return conn.storagePoolLookupByName("p")


def job(conn):
    """A block job that ends: it pulls nothing, because there is no backing image."""
    dom = domain(conn)
    dom.blockPull("vda")
    while dom.blockJobInfo("vda"):
        time.sleep(0.001)


# What a process does when it is asked to, and the events of that.
STEPS = {
    "define": (lambda conn: conn.defineXML(DOMAIN), ["domain 0 d 0 0"]),
    "redefine": (lambda conn: conn.defineXML(DOMAIN), ["domain 0 d 0 1"]),
    "title": (lambda conn: domain(conn).setMetadata(1, "title", None, None, 2), ["domain 23 d 1 None"]),
    "element": (lambda conn: domain(conn).setMetadata(2, "<e/>", "k", "urn:k", 2), ["domain 23 d 2 urn:k"]),
    "start": (lambda conn: domain(conn).create(), ["domain 0 d 4 0", "domain 0 d 2 0"]),
    "suspend": (lambda conn: domain(conn).suspend(), ["domain 0 d 3 0"]),
    "resume": (lambda conn: domain(conn).resume(), ["domain 0 d 4 0"]),
    "pull": (job, [f"domain 8 d {FOLDER}/disk 1 0", "domain 16 d vda 1 0"]),
    "destroy": (lambda conn: domain(conn).destroy(), ["domain 0 d 6 2", "domain 0 d 5 1"]),
    "undefine": (lambda conn: domain(conn).undefine(), ["domain 0 d 1 0"]),
    "pool-define": (lambda conn: conn.storagePoolDefineXML(POOL), ["pool 0 p 0 0"]),
    "pool-start": (lambda conn: pool(conn).create(), ["pool 0 p 2 0"]),
    "pool-refresh": (lambda conn: pool(conn).refresh(), ["pool 1 p"]),
    "pool-destroy": (lambda conn: pool(conn).destroy(), ["pool 0 p 3 0"]),
    "pool-undefine": (lambda conn: pool(conn).undefine(), ["pool 0 p 1 0"]),
}


class Listener:
    """A connection that writes down each event of its root, and when it was told of it."""

    def __init__(self):
        self.heard = []
        self.times = []
        self.conn = libvirt.open(URI)
        for event in [0, 8, 16, 23]:
            self.conn.domainEventRegisterAny(None, event, self.on_domain, event)
        for event in [0, 1]:
            self.conn.storagePoolEventRegisterAny(None, event, self.on_pool, event)

    def note(self, *words):
        self.heard.append(" ".join(str(word) for word in words))
        self.times.append(time.time())

    def on_domain(self, conn, dom, *values):
        assert conn is self.conn and dom.UUIDString() == "7f307396-f344-4837-9dc5-110ce400d1b9"
        self.note("domain", values[-1], dom.name(), *values[:-1])

    def on_pool(self, conn, pool, *values):
        assert conn is self.conn and len(pool.UUIDString()) == 36
        self.note("pool", values[-1], pool.name(), *values[:-1])

    def wait(self, count):
        """Runs the loop until so many events were told."""
        end = time.monotonic() + DEADLINE
        while len(self.heard) < count:
            assert time.monotonic() < end, (len(self.heard), self.heard[-16:])
            libvirt.virEventRunDefaultImpl()


def own_loop():
    libvirt.virEventRegisterDefaultImpl()
    # The loop's wait ends, also when nothing comes.
    libvirt.virEventAddTimeout(100, lambda timer, opaque: None, None)


def act():
    """A process without a loop, which does what it is told."""
    conn = libvirt.open(URI)
    print("ready", flush=True)
    for line in sys.stdin:
        STEPS[line.strip()][0](conn)
        print("done", flush=True)


def listen(count):
    """A process that only listens, and prints what it has heard."""
    own_loop()
    listener = Listener()
    print("ready", flush=True)
    listener.wait(count)
    print("\n".join(listener.heard), flush=True)


def listen_and_act(count):
    """A process that listens, and meanwhile does the steps that it is told on its standard input, by a handle of
    its own in the same loop."""
    own_loop()
    listener = Listener()

    def on_input(watch, fd, events, opaque):
        line = sys.stdin.readline()
        if line:
            STEPS[line.strip()][0](listener.conn)
            print("done", flush=True)
        else:
            libvirt.virEventRemoveHandle(watch)

    libvirt.virEventAddHandle(0, libvirt.VIR_EVENT_HANDLE_READABLE, on_input, None)
    print("ready", flush=True)
    listener.wait(count)
    print("\n".join(listener.heard), flush=True)


class Process:
    def __init__(self, *arguments):
        command = [sys.executable, os.path.abspath(__file__), *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # Also where the test fails.
        atexit.register(self.process.kill)
        assert self.process.stdout.readline() == "ready\n", arguments

    def do(self, step):
        self.process.stdin.write(step + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n", step

    def end(self):
        out, _ = self.process.communicate(timeout=DEADLINE)
        assert self.process.returncode == 0, self.process.returncode
        return out.splitlines()


def steps_of_a_round():
    """Which process does what: what runs in one is used and stopped by others, too."""
    return [
        ("one", "pool-define"), ("two", "define"), ("both", "title"), ("two", "pool-start"), ("one", "start"),
        ("both", "pool-refresh"), ("two", "suspend"), ("both", "redefine"), ("both", "resume"), ("two", "pull"),
        ("two", "element"), ("one", "pool-destroy"), ("both", "pool-undefine"), ("both", "destroy"),
        ("two", "undefine"),
    ]  # fmt: skip


def check_order():
    expected = [event for _, step in steps_of_a_round() for event in STEPS[step][1]] * ROUNDS
    libvirt.registerErrorHandler(lambda data, error: None, None)
    own_loop()
    listener = Listener()
    others = [Process("listen", len(expected)) for _ in range(2)]
    actors = {"one": Process("act"), "two": Process("act"), "both": Process("listen-and-act", len(expected))}
    for _ in range(ROUNDS):
        for actor, step in steps_of_a_round():
            actors[actor].do(step)
    listener.wait(len(expected))
    assert listener.heard == expected, (listener.heard, expected)
    for process in [*others, actors["both"]]:
        assert process.end() == expected
    # Nothing comes twice.
    for _ in range(3):
        libvirt.virEventRunDefaultImpl()
    assert listener.heard == expected
    for actor in [actors["one"], actors["two"]]:
        assert actor.end() == []
    return listener


def told_at():
    """When each event was written into the journal, the last one first."""
    import json

    with open(f"{FOLDER}/root/run/events") as journal:
        lines = [json.loads(line) for line in journal]
    return [line["time"] / 1e6 for line in reversed(lines) if "event" in line]


def measure(listener):
    """How late events are: from when they are written down until the callback runs."""
    actor = Process("act")
    actor.do("define")
    listener.wait(len(listener.heard) + 1)
    delays = []
    for _ in range(MEASURED):
        before = len(listener.heard)
        actor.do("title")
        listener.wait(before + 1)
        delays.append(listener.times[-1] - told_at()[0])
    actor.do("undefine")
    actor.end()
    delays.sort()
    return delays


if len(sys.argv) > 1:
    role, *numbers = sys.argv[1:]
    {"act": act, "listen": listen, "listen-and-act": listen_and_act}[role](*map(int, numbers))
    sys.exit()
os.mkdir(f"{FOLDER}/pool")
with open(f"{FOLDER}/disk", "wb") as disk:
    disk.truncate(1 << 20)
listener = check_order()
delays = measure(listener)
print(f"events_of_others: {len(listener.heard)} events; from the write to the callback "
      f"median {statistics.median(delays) * 1e6:.0f} us, at most {delays[-1] * 1e6:.0f} us")  # fmt: skip
