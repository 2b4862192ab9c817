"""A script whose daemon thread runs the event loop ends without an error: when the interpreter ends, Python
ends that thread while our library is calling one of its functions."""

import os
import subprocess
import sys

RUNS = 20
SCRIPT = """
import sys, threading, time
import libvirt
libvirt.virEventRegisterDefaultImpl()

def loop():
    while True:
        libvirt.virEventRunDefaultImpl()

threading.Thread(target=loop, daemon=True).start()
for _ in range(20):
    libvirt.virEventAddTimeout(1, lambda timer, opaque: sum(range(2000)), None)
conn = libvirt.open(sys.argv[1])
time.sleep(0.02)
"""

uri = f"sparse:///embed?root={os.environ['TEST_DIR']}/root"
for run in range(RUNS):
    ended = subprocess.run([sys.executable, "-c", SCRIPT, uri], capture_output=True, text=True)
    assert ended.returncode == 0 and not ended.stderr, (run, ended)
print(f"daemon_thread: {RUNS} scripts ended well")
