#!/bin/sh
# Makes the small images that the fuzz targets of qcow2 begin with. They are checked in, so that a
# run needs no QEMU; run this to change them.
set -eu
cd "$(dirname "$0")/corpus/qcow2_open_read"
rm -f ./*.qcow2

# make NAME OPTIONS SIZE COMMAND...
make() {
	name=$1 options=$2 size=$3
	shift 3
	qemu-img create -q -f qcow2 -o "$options" "$name.qcow2" "$size"
	for command; do
		qemu-io -f qcow2 -c "$command" "$name.qcow2" > /dev/null
	done
}

make empty cluster_size=512 64k
make plain cluster_size=512 64k 'write -P 1 0 3k' 'write -P 2 40k 1k' 'write -z 2k 512' 'discard 0 512'
make version2 cluster_size=512,compat=0.10 64k 'write -P 1 0 3k' 'write -P 2 40k 1k'
make narrow cluster_size=512,refcount_bits=1 64k 'write -P 1 0 3k'
make wide cluster_size=512,refcount_bits=64 64k 'write -P 1 0 3k' 'write -P 2 33k 3k'
make lazy cluster_size=512,lazy_refcounts=on 64k 'write -P 1 0 5k'
make metadata cluster_size=512,preallocation=metadata 20000 'write -P 1 0 3k'
make bitmap cluster_size=512 64k 'write -P 1 0 1k'
qemu-img bitmap --add -g 512 bitmap.qcow2 b0
qemu-io -f qcow2 -c 'write -P 3 2k 1k' bitmap.qcow2 > /dev/null
make snapshot cluster_size=512 64k 'write -P 1 0 3k'
qemu-img snapshot -c one snapshot.qcow2
qemu-io -f qcow2 -c 'write -P 2 1k 1k' snapshot.qcow2 > /dev/null
make subclusters cluster_size=16k,extended_l2=on 64k 'write -P 1 0 1k' 'write -z 512 512'
for type in zlib zstd; do
	make source cluster_size=512 64k 'write -P 1 0 9k' 'write -P 7 40k 3k'
	qemu-img convert -c -f qcow2 -O qcow2 \
		-o "cluster_size=512,compression_type=$type" source.qcow2 "$type.qcow2"
done
rm source.qcow2
qemu-img create -q -f qcow2 -o cluster_size=512 -u -F raw -b lower.raw backing.qcow2 64k
# The file is not there, and need not be: the targets have a node of their own below.
dd if=/dev/zero of=lower.raw bs=64k count=1 status=none
qemu-io -f qcow2 -c 'write -P 1 1000 3k' backing.qcow2 > /dev/null
rm lower.raw
