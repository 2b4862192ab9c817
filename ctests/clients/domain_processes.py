"""Domains that several processes use while any of them is killed: those that hold domains, and those that call.
What a guest was told to be written is in the disk, images are whole, and nothing is left: no process, no socket,
no lock.

DOMAIN_PROCESSES_ROUNDS (12) is how often something is killed; `make soak` takes 200."""

import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

FOLDER = os.environ["TEST_DIR"]
ROOT = f"{FOLDER}/root"
URI = f"sparse:///embed?root={ROOT}&hold=process"
ROUNDS = int(os.environ.get("DOMAIN_PROCESSES_ROUNDS", "12"))
WORKERS = 3
DOMAINS = ["d0", "d1"]
SIZE = 16 << 20
# What a guest writes at a time.
RECORD = 4096
RECORDS = 64
# No call takes so long.
HANG = 120

DOMAIN = """<domain type='kvm'><name>%s</name><memory unit='MiB'>8</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices>
<disk type='file'><driver name='qemu' type='qcow2'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>"""


class Guest(threading.Thread):
    """Writes numbered records to the disk of a domain whenever that runs, over NBD. A record is acknowledged when a
    flush after it has succeeded."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.domain = name
        self.number = 0
        self.acknowledged = {}
        # All that may be in a record: what was written after the last that was acknowledged.
        self.possible = {}
        self.sessions = 0
        self.ending = False
        self.start()

    def run(self):
        while not self.ending:
            try:
                self.session()
            except (OSError, EOFError):
                pass
            time.sleep(0.02)

    def read(self, length):
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def request(self, kind, offset, data=b"", length=None):
        length = len(data) if length is None else length
        self.socket.sendall(struct.pack(">IHHQQI", 0x25609513, 0, kind, 1, offset, length) + data)
        magic, error, _ = struct.unpack(">IIQ", self.read(16))
        assert magic == 0x67446698
        if error:
            raise OSError(error, "the export")

    def connect(self):
        folder = f"{ROOT}/run/disks"
        for entry in os.listdir(folder):
            # The folders are named by hashes; the description tells whose each is.
            path = f"{folder}/{entry}/vda.sock"
            with open(f"{ROOT}/run/domains/{self.domain}.xml") as status:
                if path in status.read():
                    self.socket = socket.socket(socket.AF_UNIX)
                    self.socket.settimeout(HANG)
                    self.socket.connect(path)
                    return
        raise FileNotFoundError

    def session(self):
        self.connect()
        try:
            self.read(18)
            self.socket.sendall(struct.pack(">I", 3))
            go = struct.pack(">I3sH", 3, b"vda", 0)
            self.socket.sendall(b"IHAVEOPT" + struct.pack(">II", 7, len(go)) + go)
            kind = 0
            while kind != 1:
                _, _, kind, length = struct.unpack(">QIII", self.read(20))
                self.read(length)
                if kind & 0x80000000:
                    raise OSError("refused")
            self.sessions += 1
            while not self.ending:
                written = {}
                for _ in range(4):
                    record = random.randrange(RECORDS)
                    self.number += 1
                    self.possible.setdefault(record, set()).add(self.number)
                    data = struct.pack(">Q", self.number) * (RECORD // 8)
                    self.request(1, record * RECORD * 17, data)
                    written[record] = self.number
                self.request(3, 0)
                for record, number in written.items():
                    self.acknowledged[record] = number
                    self.possible[record] = {n for n in self.possible[record] if n > number}
        finally:
            self.socket.close()

    def check(self, raw):
        """Whether the disk has all that was acknowledged."""
        with open(raw, "rb") as disk:
            for record, number in self.acknowledged.items():
                disk.seek(record * RECORD * 17)
                data = disk.read(RECORD)
                there = struct.unpack(">Q", data[:8])[0]
                assert data == struct.pack(">Q", there) * (RECORD // 8), (self.domain, record)
                assert there == number or there in self.possible[record], (
                    self.domain, record, there, number)


def work(seed):
    """A process that does with the domains whatever comes to its mind, until it is killed."""
    import libvirt

    libvirt.registerErrorHandler(lambda *unused: None, None)
    chance = random.Random(seed)
    conn = libvirt.open(URI)

    def copy(dom):
        number = chance.randrange(1 << 60)
        target = f"{FOLDER}/{dom.name()}.copy.{number}"
        xml = f"<disk type='file'><driver type='qcow2'/><source file='{target}'/></disk>"
        dom.blockCopy("vda", xml, {}, libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
        for _ in range(200):
            info = dom.blockJobInfo("vda")
            if not info or info["cur"] == info["end"]:
                break
            time.sleep(0.01)
        dom.blockJobAbort("vda", chance.choice([0, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT]))

    def snapshot(dom):
        name = f"s{chance.randrange(1 << 60)}"
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
        dom.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>", flags)

    def commit(dom):
        dom.blockCommit("vda", None, None, 0, libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
        for _ in range(200):
            info = dom.blockJobInfo("vda")
            if not info or info["cur"] == info["end"]:
                break
            time.sleep(0.01)
        dom.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)

    def pause(dom):
        dom.suspend()
        dom.resume()

    def look(dom):
        dom.XMLDesc()
        dom.blockInfo("vda")
        dom.blockStats("vda")
        dom.state()
        conn.getAllDomainStats()

    deeds = [copy, snapshot, snapshot, commit, pause, look, look, lambda dom: dom.blockPull("vda"),
             lambda dom: dom.destroy() if chance.random() < 0.3 else None]
    while True:
        signal.alarm(HANG)
        try:
            dom = conn.lookupByName(chance.choice(DOMAINS))
            if not dom.isActive():
                dom.create()
            chance.choice(deeds)(dom)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR:
                print("worker:", error, file=sys.stderr, flush=True)
        print(".", end="", flush=True)


def holders():
    """The processes that hold domains of this root."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as line:
                words = line.read().split(b"\0")
            if os.path.basename(words[0]) == b"virsparse-domain":
                if any(f"{ROOT}/" in os.readlink(f"/proc/{process}/fd/{fd}")
                       for fd in os.listdir(f"/proc/{process}/fd")):
                    found.append(int(process))
        except OSError:
            pass
    return found


def start_worker(log, begin):
    return subprocess.Popen([sys.executable, __file__, "work", str(begin)], stdout=log, stderr=subprocess.STDOUT)


def kill_around(chance, seed, workers, logs):
    """Kills a holder or a worker in each round. Returns how many it were."""
    killed = {"holder": 0, "worker": 0}
    for round_ in range(ROUNDS):
        time.sleep(0.2 + chance.random())
        for number, process in enumerate(workers):
            # A worker ends by its alarm if a call hangs, and else only by being killed.
            assert process.poll() is None, (number, process.returncode, open(logs[number].name).read()[-2000:])
        there = holders()
        if there and chance.random() < 0.6:
            os.kill(chance.choice(there), signal.SIGKILL)
            killed["holder"] += 1
        else:
            number = chance.randrange(WORKERS)
            end_worker(workers[number])
            workers[number] = start_worker(logs[number], seed * 1000 + WORKERS + round_)
            killed["worker"] += 1
    return killed


def end_worker(worker):
    worker.kill()
    worker.wait()


def stop_domains(conn, libvirt):
    # A domain that was about to start for one who is no more may run only now.
    deadline = time.monotonic() + HANG
    while True:
        for name in DOMAINS:
            try:
                conn.lookupByName(name).destroy()
            except libvirt.libvirtError as error:
                # It may not run, or be about to end.
                assert error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID, error
        if not holders():
            break
        assert time.monotonic() < deadline, holders()
        time.sleep(0.05)


def check_disks(conn, guests):
    for name, guest in zip(DOMAINS, guests):
        dom = conn.lookupByName(name)
        image = dom.XMLDesc().split("<source file='")[1].split("'")[0]
        # Of a killed process clusters may have been lost, and nothing else.
        checked = subprocess.run(["qemu-img", "check", "-q", image])
        assert checked.returncode in (0, 3), checked
        subprocess.run(["qemu-img", "convert", "-O", "raw", image, f"{FOLDER}/raw"], check=True)
        guest.check(f"{FOLDER}/raw")
        assert guest.acknowledged
        dom.undefine()


def test(workers, guests):
    import libvirt

    libvirt.registerErrorHandler(lambda *unused: None, None)
    seed = int(os.environ.get("DOMAIN_PROCESSES_SEED", "1"))
    conn = libvirt.open(URI)
    for name in DOMAINS:
        image = f"{FOLDER}/{name}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, str(SIZE)], check=True)
        conn.defineXML(DOMAIN % (name, image)).create()
    guests += [Guest(name) for name in DOMAINS]
    logs = [open(f"{FOLDER}/worker{number}", "w+") for number in range(WORKERS)]
    for number in range(WORKERS):
        workers.append(start_worker(logs[number], seed * 1000 + number))
    killed = kill_around(random.Random(seed), seed, workers, logs)
    for worker in workers:
        end_worker(worker)
    stop_domains(conn, libvirt)
    for guest in guests:
        guest.ending = True
        guest.join(HANG)
        assert not guest.is_alive()
    # What a process that was killed while it started a domain has left goes with the next that opens the root.
    subprocess.run([sys.executable, "-c", f"import libvirt; libvirt.open('{URI}')"], check=True)
    for folder in ["run/disks", "run/domains"]:
        assert os.listdir(f"{ROOT}/{folder}") == [], os.listdir(f"{ROOT}/{folder}")
    check_disks(conn, guests)
    told = "".join(open(log.name).read() for log in logs)
    assert "Traceback" not in told and "panic" not in told, told[-3000:]
    # An error of the library that no caller can do anything about.
    internal = [line for line in told.splitlines() if "worker:" in line]
    assert not internal, internal
    written = sum(len(guest.acknowledged) for guest in guests)
    sessions = sum(guest.sessions for guest in guests)
    print(f"domain_processes: passed, {killed['holder']} holders and {killed['worker']} callers were killed during "
          f"{told.count('.')} deeds; {written} records of guests in {sessions} sessions are there")


def main():
    workers, guests = [], []
    try:
        test(workers, guests)
    finally:
        # Where it has failed, all this is still there.
        for worker in workers:
            end_worker(worker)
        for guest in guests:
            guest.ending = True
        for holder in holders():
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder, signal.SIGKILL)


if sys.argv[1:2] == ["work"]:
    work(int(sys.argv[2]))
else:
    main()
