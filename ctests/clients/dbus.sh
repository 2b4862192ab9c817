#!/bin/bash
# Debian's libvirt-dbus on our library in libvirt's place (the drop-in folder): pools, volumes and domains over
# a message bus of its own. Its connection for QEMU is qemu:///session, which is an alias for our URI here.
set -euo pipefail

URI="sparse:///embed?root=$TEST_DIR/root"

if [ -z "${DBUS_SESSION_BUS_ADDRESS:-}" ] || [ "${VIRSPARSE_DBUS_TEST:-}" != yes ]; then
    VIRSPARSE_DBUS_TEST=yes exec dbus-run-session -- bash "$0"
fi

fail() {
    echo "$*"
    exit 1
}

# call PATH INTERFACE.METHOD ARGUMENT...: prints what the method returns.
call() {
    local path=$1 method=$2
    shift 2
    gdbus call --session --dest org.libvirt --object-path "/org/libvirt/$path" \
        --method "org.libvirt.$method" "$@"
}

# The first object path in what a call returns, below /org/libvirt/.
object() {
    sed -n "s|.*'/org/libvirt/\([^']*\)'.*|\1|p"
}

# is PATTERN COMMAND...: the output matches, be it a result or an error: the status is not looked at.
is() {
    local pattern=$1 output
    shift
    output=$("$@" 2>&1) || true
    grep -qE -- "$pattern" <<<"$output" || fail "$*: no '$pattern' in: $output"
}

LD_LIBRARY_PATH=$DROP_IN VIRSPARSE_URI_ALIASES="qemu:///session=$URI" libvirt-dbus --session &
server=$!
# It may have ended by itself, and ends with a signal otherwise; neither is the result of this test.
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
gdbus wait --session --timeout 60 org.libvirt
grep -qF "$(realpath "$LIBRARY")" "/proc/$server/maps" || fail "not on our library"
! grep -qE '/libvirt\.so[^/]*$' "/proc/$server/maps" || fail "on libvirt's own"

is 'storagepool/' call Test Connect.ListStoragePools 0
is 'domain/' call Test Connect.ListDomains 0
is '\(@ao \[\],\)' call QEMU Connect.ListNetworks 0
is "no storage pool with matching name 'q'" call QEMU Connect.StoragePoolLookupByName q

mkdir "$TEST_DIR/pool"
pool=$(call QEMU Connect.StoragePoolCreateXML "<pool type='dir'><name>p</name><target>
    <path>$TEST_DIR/pool</path></target></pool>" 0 | object)
volume=$(call "$pool" StoragePool.StorageVolCreateXML "<volume><name>v</name>
    <capacity>1048576</capacity><allocation>0</allocation></volume>" 0 | object)
[ "$(stat -c %s "$TEST_DIR/pool/v")" = 1048576 ] || fail "the volume has another size"
is '1048576' call "$volume" StorageVol.GetInfo 0
call "$volume" StorageVol.Resize 2097152 0
[ "$(stat -c %s "$TEST_DIR/pool/v")" = 2097152 ] || fail "the volume was not resized"
is "$volume" call "$pool" StoragePool.ListStorageVolumes 0

domain=$(call QEMU Connect.DomainDefineXML "<domain type='kvm'><name>d</name><memory>1024</memory>
    <os><type>hvm</type></os><devices><disk type='file'><driver type='raw'/>
    <source file='$TEST_DIR/pool/v'/><target dev='vda'/></disk></devices></domain>" | object)
call "$domain" Domain.Create 0
is '\(\(1, 1\),\)|\(1, 1\)' call "$domain" Domain.GetState 0
is "in use by domain 'd'" call "$volume" StorageVol.Resize 4194304 0
call "$domain" Domain.Destroy 0
call "$domain" Domain.Undefine 0
call "$volume" StorageVol.Delete 0
call "$pool" StoragePool.Destroy
[ ! -e "$TEST_DIR/pool/v" ] || fail "the volume is still there"
echo "dbus: passed"
