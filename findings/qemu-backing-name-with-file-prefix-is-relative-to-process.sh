#!/bin/bash
# System: QEMU 7.2.22 (qemu-utils of Debian 12).
#
# Wrong guess: a relative name of a backing image is relative to the folder of the image that records it,
# however it is spelled: "name", "file:name" and json:{...,"filename":"name"} mean one file.
#
# Behaviour: only the plain name is. With "file:" in front, or in JSON, it is looked for in the working folder
# of whatever process opens the image, so that two programs read two different disks from one overlay,
# without an error.
#
# Seen (the folder of the image has a file of A, the working folder one of B, both called "name"):
#     name: AAAA
#     file:name: BBBB
#     json:{"driver":"raw","file":{"driver":"file","filename":"name"}}: BBBB
#
# It matters to whoever opens chains in a process of its own: this project refuses such a name that is
# not absolute. Fails if the behaviour has changed.
set -euo pipefail

version=1:7.2+dfsg-7+deb12u18+b3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get download -q "qemu-utils=$version" >/dev/null
dpkg -x qemu-utils_*.deb tools
export PATH=$folder/tools/usr/bin:$PATH
qemu-img --version | head -n 1

mkdir image process
head -c 1M /dev/zero | tr '\0' A >image/name
head -c 1M /dev/zero | tr '\0' B >process/name
for name in 'name' 'file:name' 'json:{"driver":"raw","file":{"driver":"file","filename":"name"}}'; do
    qemu-img create -q -f qcow2 -u -b "$name" -F raw image/top 1M
    read=$(cd process && qemu-io -r -c 'read -v 0 4' ../image/top | sed -n '1s/.* //p')
    echo "$name: $read"
done | tee said
diff said - <<'END' && echo "as recorded"
name: AAAA
file:name: BBBB
json:{"driver":"raw","file":{"driver":"file","filename":"name"}}: BBBB
END
