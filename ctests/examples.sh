#!/bin/bash
# The examples are what the README shows, compile as strict C, and work from where they are installed.
#
# Usage: ctests/examples.sh STAGE; STAGE is what `make stage` installed into.
set -euo pipefail

stage=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export PKG_CONFIG_SYSROOT_DIR=$stage PKG_CONFIG_PATH=$stage/usr/local/lib/pkgconfig
flags=$(pkg-config --cflags --libs virsparse)
unset PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH
export LD_LIBRARY_PATH=$stage/usr/local/lib

# The README's example is the file, without its licence line.
diff <(sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d') <(tail -n +2 examples/c/hello.c)
for source in examples/c/*.c; do
    cc -std=c99 -pedantic -Wall -Wextra -Werror "$source" -o "$work/$(basename "$source" .c)" $flags
done
printed=$(cd "$work" && "$work/hello" "sparse:///embed?root=$work/root")
[ "$printed" = "1073741824 bytes, 4096 of them on the disk" ] || {
    echo "hello printed: $printed"
    exit 1
}
rm -rf /tmp/hello-pool

fail() {
    echo "$*"
    exit 1
}

# expect STATUS PATTERN COMMAND...: how it ends, and what it says.
expect() {
    local status=0 want=$1 pattern=$2
    shift 2
    "$@" >"$work/said" 2>&1 || status=$?
    [ "$status" = "$want" ] && grep -q -- "$pattern" "$work/said" || {
        cat "$work/said"
        fail "exit status $status instead of $want, or no '$pattern': $*"
    }
}

# is_gone: nothing is left of a copy that has failed.
is_gone() {
    [ ! -e "$work/copy" ] || fail "a copy that failed has left its file"
}

embed="sparse:///embed?root=$work/domains"
head -c 8M /dev/urandom >"$work/image"
export VIRSPARSE_LIBRARY=$LD_LIBRARY_PATH/libvirsparse.so.0 PYTHONDONTWRITEBYTECODE=1
for tool in "$work/blockcopy" "python3 examples/python/blockcopy.py"; do
    # Left at one instant, in another format.
    cp "$work/image" "$work/disk"
    expect 0 "what vda was at one instant" \
        $tool --finish --target-format=qcow2 --disk="$work/disk" "$embed" d vda "$work/copy"
    qemu-img compare -q -f raw -F qcow2 "$work/image" "$work/copy"
    rm "$work/copy"
    # The same while a guest writes block after block: the copy has all of them up to one, and none
    # behind it.
    truncate -s 60M "$work/disk"
    for _ in {1..5}; do cat "$work/image"; done >>"$work/disk"
    expect 0 "what vda was at one instant" \
        $tool --finish --disk="$work/disk" --bandwidth=20000000 --guest="exec fio --name=guest \
            --ioengine=nbd --uri=\"\$DISK_URI\" --rw=write --bs=4k --offset=8M --size=20M \
            --rate=4m --buffer_pattern=0xaa --thread" "$embed" d vda "$work/copy"
    python3 - "$work/copy" <<'EOF'
import sys
with open(sys.argv[1], "rb") as copy:
    copy.seek(8 << 20)
    written = copy.read(20 << 20)
end = (written + bytes(4096)).find(bytes(4096))
assert not any(written[end:]), f"the copy has a write behind byte {end}, where one is missing"
EOF
    rm "$work/copy"
    cp "$work/image" "$work/disk"
    # From a description; the guest's writes go to both.
    cat >"$work/d.xml" <<EOF
<domain type='kvm'><name>d</name><memory>1024</memory><os><type>hvm</type></os><devices>
<disk type='file'><driver type='raw'/><source file='$work/disk'/><target dev='vdb'/></disk>
</devices></domain>
EOF
    expect 0 "vdb is there now" $tool --synchronous --domain-xml="$work/d.xml" \
        --guest='qemu-io -f raw -c "write -P 3 1M 64k" "$DISK_URI"' "$embed" d vdb "$work/copy"
    qemu-io -f raw -c 'write -q -P 3 1M 64k' "$work/disk"
    cmp "$work/disk" "$work/copy"
    # What is there stays.
    expect 1 "already exists" $tool --disk="$work/image" "$embed" d vda "$work/copy"
    cmp "$work/disk" "$work/copy"
    rm "$work/copy"
    expect 1 "no domain with matching name 'd'" $tool "$embed" d vda "$work/copy"
    expect 1 "the guest has failed" \
        $tool --guest=false --disk="$work/image" "$embed" d vda "$work/copy"
    rm "$work/copy"
    # Ctrl-C: nothing is left of the copy, and the guest goes on with its disk until it has done.
    cp "$work/disk" "$work/expected"
    qemu-io -f raw -c 'write -q -P 4 2M 64k' "$work/expected"
    $tool --bandwidth=1000000 --disk="$work/disk" --guest="
        until [ -e '$work/copy' ]; do sleep 0.1; done
        kill -INT \$PPID
        while [ -e '$work/copy' ]; do sleep 0.1; done
        qemu-io -f raw -c 'write -q -P 4 2M 64k' \"\$DISK_URI\"" \
        "$embed" d vda "$work/copy" 2>"$work/said" && fail "an interrupted copy has succeeded"
    grep -qx "blockcopy: interrupted" "$work/said" || fail "interrupted: $(cat "$work/said")"
    is_gone
    cmp "$work/expected" "$work/disk"
done
examples/demo.sh "$stage/usr/local/lib/libvirsparse.so.0"
