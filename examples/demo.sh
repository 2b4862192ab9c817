#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Uploads a real, sparse filesystem image to a storage volume and downloads it again, with the C
# tool and then with the Python one, and checks that both copies are equal, equally sparse, and a
# healthy filesystem. Then the demo starts a domain with the image as its disk. Each of the two
# block copy tools copies the disk while a guest writes to it, and moves the guest onto the copy,
# which must have the data of the image and all writes of the guest. Needs a C compiler, python3,
# mkfs.ext4 (or mkfs.xfs) and, for the second part, qemu-io and qemu-img; no root; cleans up.
#
# Usage: demo.sh [LIBRARY]
#   LIBRARY    the built library or the directory it is in (default: target/release)
# Environment:
#   DEMO_URI   the connection for volumes (default: a sparse:///embed root that lives as long as the demo)
#   DEMO_FILES the folder whose files fill the image (default: /usr/include)
#   TMPDIR     where to work; must keep holes, needs about three times the size of those files

set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
library=$(realpath -m "${1:-$top/target/release}")
[ -d "$library" ] && library=$library/libvirsparse.so
[ -f "$library" ] || { echo "demo: no library at $library" >&2; exit 1; }
PATH=$PATH:/usr/sbin:/sbin # mkfs and fsck

work=$(mktemp -d)
embed=sparse:///embed?root=$work/state
uri=${DEMO_URI:-$embed}
pool=demo-$$
files=${DEMO_FILES:-/usr/include}
# The built file is found under the name that programs ask for.
mkdir "$work/lib" "$work/pool"
ln -s "$library" "$work/lib/libvirsparse.so.0"
export LD_LIBRARY_PATH=$work/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export VIRSPARSE_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/examples/python

say() { printf '\n== %s\n' "$*"; }

# set_pool start|stop: defined so that the next process finds the pool, autostarted so that it is
# active there.
set_pool() {
    python3 - "$1" "$uri" "$pool" "$work/pool" <<'EOF'
import sys
from vol_transfer import Library

action, uri, name, path = sys.argv[1:]
lib = Library()
conn = lib.virConnectOpen(uri.encode())
if action == "start":
    xml = f"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"
    pool = lib.virStoragePoolDefineXML(conn, xml.encode(), 0)
    lib.virStoragePoolSetAutostart(pool, 1)
    lib.virStoragePoolCreate(pool, 0)
else:
    pool = lib.virStoragePoolLookupByName(conn, name.encode())
    lib.virStoragePoolDestroy(pool)
    lib.virStoragePoolUndefine(pool)
lib.virStoragePoolFree(pool)
lib.virConnectClose(conn)
EOF
}

pool_started=
clean_up() {
    [ -z "$pool_started" ] || set_pool stop || echo "demo: pool $pool was left behind" >&2
    rm -rf "$work"
}
trap clean_up EXIT

if command -v mkfs.ext4 >/dev/null; then
    check=(e2fsck -fn)
    make_filesystem() { mkfs.ext4 -q -d "$files" "$1"; }
elif command -v mkfs.xfs >/dev/null; then
    check=(xfs_repair -n)
    make_filesystem() { mkfs.xfs -q "$1"; }
else
    echo "demo: neither mkfs.ext4 nor mkfs.xfs is installed" >&2
    exit 1
fi

# Compares the maps of the copies with that of the original, which comes first. A filesystem may
# round a data section out to its blocks, and its own bookkeeping is in the allocated bytes; a
# hole that is missing from a copy for any other reason fails the demo.
compare_maps() {
    sync "$@"
    python3 - "$@" <<'EOF'
import errno, os, sys

def data_sections(fd):
    end, block, pos, sections = os.fstat(fd).st_size, os.fstat(fd).st_blksize, 0, []
    while pos < end:
        try:
            start = os.lseek(fd, pos, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data behind pos
                break
            raise
        pos = os.lseek(fd, start, os.SEEK_HOLE)
        start, stop = start // block * block, -(-pos // block) * block
        if sections and start <= sections[-1][1]:
            sections[-1][1] = stop
        else:
            sections.append([start, stop])
    return sections

def is_within(inner, outer):
    return any(start <= inner[0] and inner[1] <= end for start, end in outer)

print(f"{'':12} {'size':>12} {'data':>12} {'allocated':>12} {'sections':>9}")
original = None
for name in sys.argv[1:]:
    fd = os.open(name, os.O_RDONLY)
    stat, sections = os.fstat(fd), data_sections(fd)
    allocated = stat.st_blocks * 512
    print(f"{os.path.basename(name):12} {stat.st_size:12} "
          f"{sum(end - start for start, end in sections):12} {allocated:12} {len(sections):9}")
    if original is None:
        original, limit = sections, allocated * 1.01 + 65536
    elif allocated > limit or not all(is_within(section, original) for section in sections):
        sys.exit(f"demo: {name} has lost holes")
EOF
}

# round_trip NAME COMMAND...: up and down with the tool COMMAND; NAME is that of the copies.
round_trip() {
    local name=$1
    shift
    say "$name: upload"
    "$@" upload --create "$uri" "$pool" "$name.vol" "$work/disk.img"
    say "$name: download"
    "$@" download "$uri" "$pool" "$name.vol" "$work/$name.copy"
    cmp "$work/disk.img" "$work/pool/$name.vol"
    cmp "$work/disk.img" "$work/$name.copy"
    say "$name: both copies are equal; are they as sparse?"
    compare_maps "$work/disk.img" "$work/pool/$name.vol" "$work/$name.copy"
    say "$name: is the download a healthy filesystem?"
    "${check[@]}" "$work/$name.copy"
    rm "$work/$name.copy"
}

say "an image of 4 GiB with the files of $files"
truncate -s 4G "$work/made.img"
make_filesystem "$work/made.img"
# mkfs preallocates its journal without writing it. Linux calls such space a hole or data depending
# on the page cache. After this copy it is a hole in any case.
cp --sparse=always "$work/made.img" "$work/disk.img"
rm "$work/made.img"
sync "$work/disk.img"
ls -lsh "$work/disk.img"

# The guest: it writes blocks of 4 KiB, one after the other, again and again to the last 2 MiB of the
# first GiB, until the file $2 exists, and once more; then it prints how many. $1 is the disk.
cat >"$work/guest.sh" <<'EOF'
set -e
number=0
last=
until [ -n "$last" ]; do
    [ ! -e "$2" ] && [ $SECONDS -lt 60 ] || last=yes
    commands=()
    for _ in {1..16}; do
        offset=$(((1 << 30) - (2 << 20) + number % 512 * 4096))
        commands+=(-c "write -q -P $((number % 251 + 1)) $offset 4k")
        number=$((number + 1))
    done
    qemu-io -f raw "${commands[@]}" "$1"
done
echo $number
EOF

# expect NUMBER: makes the expected disk: the image with the first NUMBER writes of the guest.
expect() {
    local number=$1 at commands=()
    cp --sparse=always "$work/disk.img" "$work/expected.img"
    for ((at = number > 512 ? number - 512 : 0; at < number; at++)); do
        commands+=(-c "write -q -P $((at % 251 + 1)) $(((1 << 30) - (2 << 20) + at % 512 * 4096)) 4k")
    done
    qemu-io -f raw "${commands[@]}" "$work/expected.img"
}

# copy_disk NAME FORMAT COMMAND...: copies the disk of a running domain with the tool COMMAND.
copy_disk() {
    local name=$1 format=$2 number
    shift 2
    say "$name: the disk of a running domain moves into a $format image while its guest writes"
    cp --sparse=always "$work/disk.img" "$work/guest.img"
    rm -f "$work/moved"
    "$@" --disk="$work/guest.img" --target-format="$format" --bandwidth="$pace" \
        --guest="exec bash '$work/guest.sh' \"\$DISK_URI\" '$work/moved' >'$work/number'" \
        "$embed" "demo-$name" vda "$work/$name.$format" |
        while IFS= read -r line; do
            echo "$line"
            [[ $line != *"is there now" ]] || touch "$work/moved"
        done
    number=$(<"$work/number")
    expect "$number"
    qemu-img compare -f raw -F "$format" "$work/expected.img" "$work/$name.$format"
    if cmp -s "$work/guest.img" "$work/expected.img"; then
        echo "demo: the guest has never left its old disk" >&2
        exit 1
    fi
    echo "$number writes of the guest are in the copy, the last of them only there"
    rm "$work/guest.img" "$work/expected.img" "$work/$name.$format"
}

for tool in vol-transfer blockcopy; do
    "${CC:-cc}" -O2 -I"$top/include" -o "$work/$tool" "$top/examples/c/$tool.c" "$library"
done
set_pool start
pool_started=yes
round_trip c "$work/vol-transfer"
round_trip python python3 "$top/examples/python/vol_transfer.py"
if command -v qemu-io >/dev/null && command -v qemu-img >/dev/null; then
    # The copy takes about a second, so the guest writes before and after the pivot.
    pace=$(($(stat -c %b "$work/disk.img") * 512))
    copy_disk c raw "$work/blockcopy"
    copy_disk python qcow2 python3 "$top/examples/python/blockcopy.py"
else
    say "no qemu-io or no qemu-img: copying the disk of a running domain is not shown"
fi
say "all is well"
