"""A script whose daemon thread runs the event loop ends without an error: when the interpreter ends, Python
ends that thread while our library is calling one of its functions."""

import os
import subprocess
import sys

RUNS = 10
# The callback sleeps when the interpreter begins to end, and wakes up while `sys.slow` keeps the interpreter from
# getting done: Python ends the thread there. A callback that begins later is no part of this: Python 3.11 may then crash,
# in PyThreadState_New, and does so with libvirt's own library, too.
SCRIPT = """
import sys, threading, time
import libvirt
libvirt.virEventRegisterDefaultImpl()
inside = threading.Event()

def callback(timer, opaque):
    inside.set()
    time.sleep(0.2)

class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.4)

def loop():
    while True:
        libvirt.virEventRunDefaultImpl()

threading.Thread(target=loop, daemon=True).start()
libvirt.virEventAddTimeout(1, callback, None)
conn = libvirt.open(sys.argv[1])
sys.slow = Slow()
inside.wait()
"""

uri = f"sparse:///embed?root={os.environ['TEST_DIR']}/root"
for run in range(RUNS):
    ended = subprocess.run([sys.executable, "-c", SCRIPT, uri], capture_output=True, text=True)
    assert ended.returncode == 0 and not ended.stderr, (run, ended)
print(f"daemon_thread: {RUNS} scripts ended well")
