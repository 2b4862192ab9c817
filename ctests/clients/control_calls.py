"""Calls to processes that hold domains: of a program and its forked child at one time, which must not take each other's
replies, and to a process that is stopped, in front of which so many wait that nobody else can connect."""

import os
import signal
import socket
import time

import libvirt

FOLDER = os.environ["TEST_DIR"]
ROOT = f"{FOLDER}/root"
URI = f"sparse:///embed?root={ROOT}&hold=process"
DISK = """<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/><target dev='%s' bus='virtio'/></disk>"""
SIZES = {"vda": 1 << 20, "vdb": 3 << 20}

libvirt.registerErrorHandler(lambda *unused: None, None)
disks = ""
for target, size in SIZES.items():
    with open(f"{FOLDER}/{target}", "w") as file:
        file.truncate(size)
    disks += DISK % (f"{FOLDER}/{target}", target)
conn = libvirt.open(URI)
dom = conn.defineXML(f"""<domain type='kvm'><name>d</name><memory unit='MiB'>8</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices>{disks}</devices></domain>""")
dom.create()


def holder():
    return int(dom.XMLDesc().split("<virsparse:holder")[1].split("pid='")[1].split("'")[0])


def ask(target):
    for _ in range(500):
        assert dom.blockInfo(target)[0] == SIZES[target]


ask("vda")
child = os.fork()
if child == 0:
    status = 1
    try:
        ask("vdb")
        status = 0
    finally:
        os._exit(status)
ask("vda")
assert os.waitpid(child, 0)[1] == 0

stopped = holder()
os.kill(stopped, signal.SIGSTOP)
folder = next(entry.path for entry in os.scandir(f"{ROOT}/run/disks") if os.path.exists(f"{entry.path}/control.sock"))
waiting = []
while True:
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(0.2)
    try:
        one.connect(f"{folder}/control.sock")
    except (TimeoutError, BlockingIOError):
        break
    waiting.append(one)
assert len(waiting) > 64, len(waiting)
try:
    dom.suspend()
    raise AssertionError("a stopped process has answered")
except libvirt.libvirtError as error:
    assert error.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT, error
    assert f"process {stopped}, which runs domain 'd', does not answer" in str(error), error
dom.destroy()
assert dom.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED]
while os.path.exists(f"/proc/{stopped}") and " Z " not in open(f"/proc/{stopped}/stat").read():
    time.sleep(0.01)
dom.create()
ask("vdb")
dom.destroy()
print(f"control_calls: passed, with {len(waiting)} in front of the stopped process")
