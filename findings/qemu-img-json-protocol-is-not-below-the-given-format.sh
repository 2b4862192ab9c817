#!/bin/bash
# System: QEMU 7.2.22 (qemu-utils of Debian 12).
#
# Wrong guess: a backing name that is a protocol's JSON (json:{"driver":"nbd",...}) and the URI of the same
# export (nbd+unix://...) mean the same when the overlay says that the backing format is raw: a raw image
# over that protocol.
#
# Behaviour: only the URI does. In JSON the recorded format takes the place of the protocol's driver, which
# then lacks its file: the overlay is refused when it is made, and where it is made without a look (-u), when
# it is opened. With the format "nbd", or with raw and the protocol inside as "file", it works.
#
# Seen:
#     URI, raw: made, reads 41
#     JSON of the protocol, raw: not made: A block device must be specified for "file"
#     JSON of the protocol, raw, not looked at: made, not opened
#     JSON of the protocol, nbd: made, reads 41
#     JSON of raw over the protocol, raw: made, reads 41
#
# It matters to whoever turns one spelling of a location into the other. Fails if the behaviour has changed.
set -euo pipefail

version=1:7.2+dfsg-7+deb12u18+b3
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server"; fi; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get download -q "qemu-utils=$version" >/dev/null
dpkg -x qemu-utils_*.deb tools
export PATH=$folder/tools/usr/bin:$PATH
qemu-img --version | head -n 1

head -c 1M /dev/zero | tr '\0' A >base
qemu-nbd -t -r -f raw -k "$folder/socket" base &
server=$!
until [ -S socket ]; do sleep 0.05; done

protocol='{"driver":"nbd","server":{"type":"unix","path":"'$folder'/socket"}}'
# What is made of a backing NAME with a FORMAT, and OPTIONS of qemu-img create.
try() {
    local name=$1 format=$2 made read
    shift 2
    rm -f top
    if ! made=$(qemu-img create -q -f qcow2 "$@" -b "$name" -F "$format" top 1M 2>&1); then
        echo "not made: $(head -n 1 <<<"$made" | sed 's/.*\(A block device\)/\1/')"
    elif read=$(qemu-io -r -c 'read -v 0 1' top 2>/dev/null) && [ -n "$read" ]; then
        echo "made, reads $(sed -n '1s/^[0-9a-f]*: *\([0-9a-f]*\).*/\1/p' <<<"$read")"
    else
        echo "made, not opened"
    fi
}
{
    echo "URI, raw: $(try "nbd+unix:///?socket=$folder/socket" raw)"
    echo "JSON of the protocol, raw: $(try "json:$protocol" raw)"
    echo "JSON of the protocol, raw, not looked at: $(try "json:$protocol" raw -u)"
    echo "JSON of the protocol, nbd: $(try "json:$protocol" nbd)"
    echo "JSON of raw over the protocol, raw: $(try "json:{\"driver\":\"raw\",\"file\":$protocol}" raw)"
} | tee said
diff said - <<'END' && echo "as recorded"
URI, raw: made, reads 41
JSON of the protocol, raw: not made: A block device must be specified for "file"
JSON of the protocol, raw, not looked at: made, not opened
JSON of the protocol, nbd: made, reads 41
JSON of raw over the protocol, raw: made, reads 41
END
