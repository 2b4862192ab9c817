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
examples/demo.sh "$stage/usr/local/lib/libvirsparse.so.0"
