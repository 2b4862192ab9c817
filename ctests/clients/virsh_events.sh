# virsh event in one process, and what it tells of in others.
source "$(dirname "$0")/lib.sh"

folder=$TEST_DIR
truncate -s 1M disk
cat >d.xml <<EOF
<domain type='kvm'><name>d</name><memory unit='MiB'>8</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices>
<disk type='file'><driver name='qemu' type='raw'/><source file='$folder/disk'/>
<target dev='vda' bus='virtio'/></disk></devices></domain>
EOF

# Its output is a terminal, so that it comes line by line.
script -qfc "LC_ALL=C LD_PRELOAD=$LIBRARY exec /usr/bin/virsh -c '$URI' event --event lifecycle --loop" typescript \
    >/dev/null </dev/null &
script=$!
listener=
trap 'kill -9 $listener 2>/dev/null || true' EXIT
# It has a descriptor for the events of others when it listens.
for ((i = 0; i < 600; i++)); do
    listener=$(pgrep -P $script -x virsh) && readlink /proc/"$listener"/fd/* | grep -q inotify && break
    sleep 0.1
done
virsh 'define d.xml'
virsh 'start d' 'suspend d' 'destroy d'
virsh 'domstate d --reason'
says 'shut off \(destroyed\)'
virsh 'undefine d'
cat >expected <<EOF
event 'lifecycle' for domain 'd': Defined Added
event 'lifecycle' for domain 'd': Resumed Unpaused
event 'lifecycle' for domain 'd': Started Booted
event 'lifecycle' for domain 'd': Suspended Paused
event 'lifecycle' for domain 'd': Shutdown Finished after host request
event 'lifecycle' for domain 'd': Stopped Destroyed
event 'lifecycle' for domain 'd': Undefined Removed
EOF
heard() {
    tr -d '\r' <typescript | grep "^event '" || true
}
for ((i = 0; i < 600; i++)); do
    [ "$(heard | wc -l)" -lt "$(wc -l <expected)" ] || break
    sleep 0.1
done
heard | diff expected - || fail "$(cat typescript)"
kill -INT "$listener"
wait $script
grep -q 'events received: 7' typescript || fail "$(cat typescript)"
echo "virsh_events: passed"
