#!/bin/bash
# Installs the Debian packages that the tests use and that are missing; where it cannot, it names
# them. libvirt's own library and headers, the programs that judge our images, compilers, tools.
set -euo pipefail

wanted=(
    libvirt-dev libvirt-clients libvirt-daemon-system libvirt-doc
    python3-libvirt python3-pip libsys-virt-perl libxml-xpath-perl
    qemu-utils qemu-system-x86 nbdkit libnbd-bin fio
    abigail-tools valgrind lld gcc g++ pkg-config python3 man-db groff
    xfsprogs btrfs-progs e2fsprogs
)

if ! command -v dpkg-query >/dev/null; then
    echo "Not a Debian system: the tests need what Debian calls ${wanted[*]}" >&2
    exit 0
fi

missing() {
    for package in "${wanted[@]}"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            echo "$package"
        fi
    done
}

mapfile -t absent < <(missing)
if [ ${#absent[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "Missing: ${absent[*]}" >&2
    echo "As root: apt-get install --no-install-recommends ${wanted[*]}" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# All in one call, those that are there as well: a qemu-utils of another release than
# qemu-system-x86 is silently removed by a call that names only the other.
apt-get install -q -y --no-install-recommends "${wanted[@]}" </dev/null

mapfile -t absent < <(missing)
if [ ${#absent[@]} -ne 0 ] || ! command -v qemu-img >/dev/null; then
    echo "Still missing: ${absent[*]} (qemu-img: $(command -v qemu-img || echo none))" >&2
    exit 1
fi
