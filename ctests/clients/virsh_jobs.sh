# Block jobs and snapshots by virsh: a running domain with a backing chain, whose disk is copied, pulled and
# committed. Afterwards qemu-img reads the images, to check the data that a guest would read.
source "$(dirname "$0")/lib.sh"

folder=$TEST_DIR

# A chain of two images of 64 MiB, each with data of its own; `ref` has what the chain reads as.
chain() {
    rm -f base top copy ref snap
    head -c 8M /dev/urandom >base
    truncate -s 64M base
    qemu-img create -q -f qcow2 -b "$folder/base" -F raw top
    qemu-io -f qcow2 -c 'write -P 7 4M 1M' top >/dev/null
    qemu-img convert -f qcow2 -O raw top ref
}

cat >d.xml <<EOF
<domain type='kvm'><name>d</name><memory unit='MiB'>8</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices>
<disk type='file'><driver name='qemu' type='qcow2'/><source file='$folder/top'/>
<target dev='vda' bus='virtio'/></disk></devices></domain>
EOF

same() {
    qemu-img compare -q -F raw -f "$2" "$1" ref
    [ "$2" = raw ] || qemu-img check -q -f qcow2 "$1"
}

# below IMAGE NAME: the image's backing file name is NAME.
below() {
    qemu-img info "$1" | grep -q "^backing file: $2" || fail "$(qemu-img info "$1")"
}

# watched COMMAND...: as virsh, for commands that show how far they are, on the standard error output.
watched() {
    local commands
    commands=$(printf '%s; ' "$@")
    real_virsh "${commands%; }" 2>&1 | tr '\r' '\n' >"$said" || fail "virsh $commands: $(cat "$said")"
}

# Copies: through virDomainBlockRebase, and with typed parameters through virDomainBlockCopy.
chain
watched 'create d.xml' "blockcopy d vda --dest $folder/copy --wait --verbose --pivot" \
    'domblklist d' 'blockjob d vda --info' 'destroy d'
says 'Block Copy: \[100(\.00)? %\]' 'Successfully pivoted' "vda +$folder/copy" \
    'No current block job for vda'
same copy qcow2
chain
watched 'create d.xml' \
    "blockcopy d vda --dest $folder/copy --format raw --granularity 65536 --buf-size 1048576 --bytes --bandwidth 500000000 --wait --verbose --finish" \
    'domblklist d' 'destroy d'
says 'Successfully copied' "vda +$folder/top"
same copy raw
cat >copy.xml <<EOF
<disk type='file'><driver type='qcow2'/><source file='$folder/copy'/></disk>
EOF
chain
virsh 'create d.xml' 'blockcopy d vda --xml copy.xml --shallow --wait --pivot' 'domblklist d' 'destroy d'
says 'Successfully pivoted' "vda +$folder/copy"
below copy "$folder/base"
same copy qcow2

# A job that is watched, slowed down and aborted.
chain
watched 'create d.xml' "blockcopy d vda --dest $folder/copy --bandwidth 1" 'blockjob d vda --info' \
    'blockjob d vda --bandwidth 2' 'blockjob d vda' 'blockjob d vda --raw' 'dumpxml d' \
    'blockjob d vda --abort' 'blockjob d vda' 'domblklist d' 'destroy d'
# Newer ones begin a line for the limit.
says '(Block Copy: \[ *[0-9.]+ %\] +)?Bandwidth limit: 1048576 bytes/s \(1.000 MiB/s\)' \
    '(Block Copy: \[ *[0-9.]+ %\] +)?Bandwidth limit: 2097152 bytes/s \(2.000 MiB/s\)' \
    'Block Copy: \[ *[0-9.]+ %\].*' \
    'type=Block Copy' 'bandwidth=2' 'end=67108864' "<mirror type='file' .*job='copy'>" \
    'No current block job for vda' "vda +$folder/top"
same top qcow2

# Pulls, whole and down to an image.
chain
watched 'create d.xml' 'blockpull d vda --wait --verbose' 'dumpxml d' 'destroy d'
says 'Block Pull: \[100(\.00)? %\]' 'Pull complete' '<backingStore/>'
! qemu-img info top | grep '^backing' || fail "top has still something below"
same top qcow2
chain
qemu-img create -q -f qcow2 -b "$folder/top" -F qcow2 snap
sed "s,/top',/snap'," d.xml >e.xml
virsh 'create e.xml' "blockpull d vda --base $folder/base --wait --bandwidth 100" 'destroy d'
says 'Pull complete'
below snap "$folder/base"
same snap qcow2

# A snapshot of the disk, and back into the image below it.
chain
watched 'define d.xml' 'start d' "snapshot-create-as d s1 --disk-only --diskspec vda,file=$folder/snap" \
    'snapshot-list d' 'snapshot-info d s1' 'domblklist d' \
    'blockcommit d vda --active --shallow --wait --verbose --pivot' 'domblklist d' \
    'snapshot-delete d s1 --metadata' 'snapshot-list d --name' 'destroy d' 'undefine d'
says 'Domain snapshot s1 created' 's1 +[-0-9]+ .* disk-snapshot' 'Location: +external' \
    "vda +$folder/snap" 'Block [cC]ommit: \[100(\.00)? %\]' 'Successfully pivoted' \
    "vda +$folder/top" 'Domain snapshot s1 deleted'
same top qcow2
chain
watched 'create d.xml' "snapshot-create-as d --disk-only --no-metadata --diskspec vda,file=$folder/snap" \
    "blockcommit d vda --top $folder/top --base $folder/base --wait --verbose" 'destroy d'
says 'Commit complete'
below snap "$folder/base"
same snap qcow2

# Events: the end of a job, and what becomes of the domain. virsh disconnects while the thread that has got an
# event may still hold it, and calls that a leak; so it waits for another, which does not come.
chain
virsh 'create d.xml' 'blockpull d vda --bandwidth 4' 'event d block-job --timeout 1000' \
    'event d lifecycle --timeout 1' 'destroy d'
says "event 'block-job' for domain 'd': Block Pull for $folder/top completed" 'events received: 1'
virsh 'event --list'
says 'lifecycle' 'block-job' 'block-threshold'
virsh 'create d.xml' 'event d --all --timeout 1' 'destroy d'
says 'event loop timed out' 'events received: 0'

# What cannot be.
chain
virsh 'define d.xml'
refused 'domain is not running' 'blockpull d vda'
refused "disk 'vdz' not found in domain" 'start d; blockpull d vdz'
# With a process of its own the domain goes on.
real_virsh 'destroy d' >"$said" 2>&1 || true
refused 'not ready for pivot yet' \
    "start d; blockcopy d vda --dest $folder/copy --bandwidth 1 --transient-job; blockjob d vda --pivot"
real_virsh 'destroy d' >"$said" 2>&1 || true
virsh 'undefine d'
echo "virsh_jobs: passed"
