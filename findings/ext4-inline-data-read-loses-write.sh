#!/bin/bash
# System: Linux 6.18, ext4 with the feature inline_data and blocks smaller than a page (mke2fs 1.47.0 of
# Debian 12 makes blocks of 1 KiB by itself for a filesystem of this size).
#
# Wrong guess: what has been written to a file is read from it.
#
# Behaviour: a file that was so small that its bytes were kept in the inode is made longer, and some bytes
# are written far behind its beginning. When the whole page there is read before anything has been
# flushed, the read gives zeros, and the bytes are lost: they are zeros after an fsync, too. A read of just
# these bytes, or an fsync before the read, finds them. With blocks of 4 KiB all is well.
#
# Seen:
#     1024: after a read of a page b'\x00\x00\x00\x00\x00\x00\x00\x00', after fsync b'\x00\x00\x00\x00\x00\x00\x00\x00'
#     1024: after a read of 8 bytes b'written!', after fsync b'written!'
#     1024: after fsync and a read of a page b'written!', after fsync b'written!'
#     4096: after a read of a page b'written!', after fsync b'written!'
#
# It matters to whoever makes an image by parts: a qcow2 header, and then tables a few clusters further on,
# which are read in whole. This project flushes a file whose SEEK_DATA says ENOENT (the same filesystem's
# answer in that state) before it reads it.
#
# Needs root and a loop device. Fails if the behaviour has changed.
set -euo pipefail

package=e2fsprogs version=1.47.0-2+b2
folder=$(mktemp -d)
trap 'mountpoint -q "$folder/m" && umount "$folder/m"; rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -q "$package=$version" "libext2fs2=$version" >/dev/null
for deb in *.deb; do dpkg -x "$deb" tools; done
export LD_LIBRARY_PATH=$folder/tools/lib/x86_64-linux-gnu
mke2fs=$folder/tools/sbin/mke2fs
uname -sr
"$mke2fs" -V 2>&1 | head -n 1
mkdir m

cat >file.py <<'END'
import os, sys
path, length, flush = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "flush"
fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
os.ftruncate(fd, 256 << 10)
os.pwrite(fd, b"x" * 80, 0)
os.pwrite(fd, b"written!", 64 << 10)
if flush:
    os.fsync(fd)
read = os.pread(fd, length, 64 << 10)[:8]
os.fsync(fd)
print(f"{read}, after fsync {os.pread(fd, 8, 64 << 10)}")
END

for block in 1024 4096; do
    rm -f image
    truncate -s 64M image
    "$mke2fs" -q -F -t ext4 -O inline_data -I 256 -b $block image
    mount -o loop image m
    {
        echo "$block: after a read of a page $(python3 file.py m/page 4096 no)"
        echo "$block: after a read of 8 bytes $(python3 file.py m/bytes 8 no)"
        echo "$block: after fsync and a read of a page $(python3 file.py m/flushed 4096 flush)"
    } | tee -a said
    umount m
done

zeros="b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'"
good="b'written!'"
cat >expected <<END
1024: after a read of a page $zeros, after fsync $zeros
1024: after a read of 8 bytes $good, after fsync $good
1024: after fsync and a read of a page $good, after fsync $good
4096: after a read of a page $good, after fsync $good
4096: after a read of 8 bytes $good, after fsync $good
4096: after fsync and a read of a page $good, after fsync $good
END
diff expected said && echo "as recorded"
