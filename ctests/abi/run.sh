#!/bin/bash
# Holds the installed headers and library against libvirt's own, and compiles the headers in every
# language that they promise to work in.
#
# Usage: ctests/abi/run.sh STAGE; STAGE is what `make stage` installed into.
set -uo pipefail

stage=$(cd "$1" && pwd) || exit 1
cd "$(dirname "$0")/../.." || exit 1
include=$stage/usr/local/include/virsparse
library=$stage/usr/local/lib/libvirsparse.so.0
libvirt=$(ldconfig -p | sed -n 's/.*libvirt\.so\.0 .*=> //p' | head -n 1)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0

# $1 says what the command that follows tests.
check() {
    local what=$1
    shift
    if "$@" >"$scratch/log" 2>&1 </dev/null; then
        echo "PASS $what"
        passed=$((passed + 1))
    else
        echo "FAIL $what"
        head -n 40 "$scratch/log" | sed 's/^/    /'
        failed=$((failed + 1))
    fi
}

compiles() {
    "$@" -pedantic -Wall -Wextra -Werror -fsyntax-only
}

# One header after the other, and twice, in one file alone.
header_alone() {
    local header=$1 suffix=$2
    shift 2
    printf '#include <%s>\n#include <%s>\nextern int used;\n' "$header" "$header" \
        >"$scratch/alone.$suffix"
    compiles "$@" -I "$include" "$scratch/alone.$suffix"
}

refused_alone() {
    ! header_alone "$1" c cc -std=c99 2>"$scratch/refusal" &&
        grep -q 'Include libvirt/libvirt.h instead' "$scratch/refusal"
}

# What a program that includes libvirt's headers gets must be ours, or everything here is void.
found_first() {
    echo '#include <libvirt/virterror.h>' | cc -I "$include" -M -x c - |
        grep -qF "$include/libvirt/virterror.h"
}

# Every other libvirt program on the machine is compiled with libvirt's headers, also after ours were
# installed where the compiler looks first: nothing is beside them, and nothing has their place.
nothing_in_the_way() {
    local ours=$stage/usr/local
    if [ "$(ls "$ours/include")" != virsparse ]; then
        ls "$ours/include"
        return 1
    fi
    echo '#include <libvirt/libvirt.h>' >"$scratch/other.c"
    cc -isystem "$ours/include" -M "$scratch/other.c" | grep -F "$stage" && return 1
    command -v dpkg >/dev/null || return 0
    # With PREFIX=/usr no file would be one of libvirt's packages.
    comm -12 <(cd "$ours" && find . ! -type d -printf '/usr/%P\n' | sort) \
        <(dpkg -L libvirt-dev libvirt0 | sort) >"$scratch/taken"
    cat "$scratch/taken"
    [ ! -s "$scratch/taken" ]
}

# pkg-config leads to them, and never to libvirt's.
found_by_pkg_config() {
    local name flags
    for name in virsparse libvirt; do
        flags=$(PKG_CONFIG_PATH=$stage/usr/local/lib/pkgconfig:$stage/usr/local/lib/virsparse/drop-in/pkgconfig \
            PKG_CONFIG_SYSROOT_DIR=$stage pkg-config --cflags "$name") || return 1
        printf '#include <libvirt/libvirt.h>\n#include <virsparse/virsparse.h>\n' >"$scratch/ours.c"
        cc $flags -M "$scratch/ours.c" >"$scratch/ours.d" || return 1
        grep -qF "$include/libvirt/libvirt-storage.h" "$scratch/ours.d" || return 1
        grep -qF "$include/virsparse/virsparse.h" "$scratch/ours.d" || return 1
        ! grep /usr/include/libvirt "$scratch/ours.d" || return 1
    done
    # Who asks for libvirt by version is told that of the interface.
    name=$stage/usr/local/lib/virsparse/drop-in/pkgconfig
    [ "$(PKG_CONFIG_PATH=$name pkg-config --modversion libvirt)" = "$(cat LIBVIRT_VERSION)" ]
}

for path in "$include"/*/*.h; do
    header=${path#"$include"/}
    if [[ $header == libvirt/libvirt-* ]]; then
        check "$header is not included by itself" refused_alone "$header"
        continue
    fi
    for compiler in cc $(command -v clang); do
        for std in c99 c11; do
            check "$header alone, $std, ${compiler##*/}" header_alone "$header" c "$compiler" -std=$std
        done
    done
    for compiler in g++ $(command -v clang++); do
        for std in c++11 c++17; do
            check "$header alone, $std, ${compiler##*/}" \
                header_alone "$header" cc "$compiler" -std=$std
        done
    done
done

# Functions of one name in two designs.
rivals_refused() {
    printf '#include <virsparse/rfc-2011-04.h>\n#include <virsparse/rfc-2011-v3.h>\n' >"$scratch/rivals.c"
    ! compiles cc -std=c99 -I "$include" "$scratch/rivals.c" 2>"$scratch/refusal" &&
        grep -q '<virsparse/rfc-2011-04.h> declares other things of the same names' "$scratch/refusal"
}

check "two designs that do not go together" rivals_refused
check "nothing of ours in the way of libvirt's headers" nothing_in_the_way
check "our headers by pkg-config" found_by_pkg_config
check "everything ours declares is in libvirt's headers" \
    cargo run --quiet --locked --package xtask -- abi "$scratch"
check "our headers are found before libvirt's" found_first
check "sizes, offsets and values in our headers" \
    compiles cc -std=c11 -I "$include" "$scratch/layout.c"
check "the values of what is newer than libvirt 9.0" compiles cc -std=c11 -I "$include" "$scratch/newer.c"
check "the same numbers in libvirt's headers" \
    compiles cc -std=c11 -Wno-deprecated-declarations "$scratch/layout.c"
check "libvirt's prototypes after our headers" \
    compiles cc -std=c11 -I "$include" "$scratch/prototypes.c"
check "the installed library's symbols, nodes and loader flags" \
    env VIRSPARSE_LIBRARY="$library" LIBVIRT_LIBRARY="$libvirt" \
    cargo test --quiet --locked --test abi -- --include-ignored

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
