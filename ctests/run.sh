#!/bin/bash
# Runs the programs of ctests/. Each NAME.c is tried in four ways:
#
#   c99       against our headers, as strict C99
#   c++       the same file as C++11
#   libvirt   against libvirt's own headers and library, then run on ours in its place
#   valgrind  the first again, under memcheck
#
# and each NAME.py in one, with our libraries where the loader finds them (ctypes).
#
# Usage: ctests/run.sh STAGE [NAME...]; STAGE is what `make stage` installed into. In a C file,
#   /* ctest: ours-only because ... */      leaves out `libvirt`
#   /* ctest: no-valgrind because ... */    leaves out `valgrind`
# and CTEST_WAYS="c99 libvirt" runs only these ways, which is faster.
#
# A program that needs a command which is not installed (needs.sh) is listed as NOT RUN, with the reason. A
# program that can run only in part prints a line "NOT RUN: what: why" for the rest.
#
# A program runs in a folder of its own, TEST_DIR, which is removed afterwards, and what still runs of it is ended.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/needs.sh"
. "$here/leftovers.sh"
# The libvirt version that our library reports, whichever headers a program is compiled with.
IFS=. read -r major minor micro <"$here/../LIBVIRT_VERSION"
CFLAGS="-g -O1 -pedantic -Wall -Wextra -Werror -DLIBVIRT_VERSION=$((major * 1000000 + minor * 1000 + micro))"
# This only ends programs that hang: they have time limits of their own.
TIMEOUT=${CTEST_TIMEOUT:-3000}

# The tests see the installed files only, through pkg-config as any program would.
prepare() {
    stage=$1
    prefix=$stage/usr/local
    drop_in=$prefix/lib/virsparse/drop-in
    export PKG_CONFIG_SYSROOT_DIR=$stage PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    ours=$(pkg-config --cflags virsparse) || exit 1
    libs=$(pkg-config --libs virsparse) || exit 1
    unset PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH
}

# Prints the ways in which a program is tested.
ways() {
    local way
    for way in $(all_ways "$1"); do
        [[ " ${CTEST_WAYS:-$way} " != *" $way "* ]] || echo "$way"
    done
}

all_ways() {
    if [[ $1 == *.py ]]; then
        echo python
        return
    fi
    echo c99
    echo c++
    grep -q 'ctest: ours-only because' "$1" || echo libvirt
    grep -q 'ctest: no-valgrind because' "$1" || echo valgrind
}

# Prints the commands that are needed to run a program in that way.
needs_of_way() {
    case $1 in
    c99) echo cc ;;
    c++) echo g++ ;;
    libvirt) echo cc header:libvirt/libvirt.h soname:libvirt.so.0 ;;
    valgrind) echo cc valgrind ;;
    python) echo python3 ;;
    esac
}

build() {
    local source=$1 way=$2 program=$3
    case $way in
    c99 | valgrind) cc -std=c99 $CFLAGS $ours "$source" -o "$program" -pthread $libs ;;
    c++) g++ -x c++ -std=c++11 $CFLAGS $ours "$source" -x none -o "$program" -pthread $libs ;;
    # libvirt marks members as deprecated that the tests look at.
    libvirt)
        cc -std=c99 $CFLAGS -Wno-deprecated-declarations "$source" -o "$program" -pthread -lvirt
        ;;
    python) printf '#!/bin/sh\nexec python3 "%s"\n' "$source" >"$program" && chmod +x "$program" ;;
    esac
}

run() {
    local way=$1 program=$2
    case $way in
    libvirt)
        export LD_LIBRARY_PATH=$drop_in
        # Not `grep -q`: it closes the pipe at the first match, which pipefail calls a failure of ldd.
        if ! ldd "$program" | grep -F "libvirt.so.0 => $drop_in/" >/dev/null; then
            echo "would run on another library than ours:"
            ldd "$program"
            return 1
        fi
        timeout -k 10 "$TIMEOUT" "$program"
        ;;
    valgrind)
        LD_LIBRARY_PATH=$prefix/lib timeout -k 10 "$TIMEOUT" \
            valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect \
            --show-leak-kinds=definite,indirect --error-exitcode=99 "$program"
        ;;
    *) LD_LIBRARY_PATH=$prefix/lib timeout -k 10 "$TIMEOUT" "$program" ;;
    esac
}

# Tests one file in all ways. Prints a line for each, and the output of those that failed.
test_file() {
    local source=$1 name way scratch lacking begin took
    name=$(basename "${source%.*}")
    for way in $(ways "$source"); do
        lacking=$(lacking $(needs_of "$source") $(needs_of_way "$way"))
        if [ -n "$lacking" ]; then
            echo "NOT RUN $name ($way): no $lacking"
            continue
        fi
        scratch=$(mktemp -d -t "ctest-$name-XXXXXX")
        mkdir "$scratch/dir"
        begin=$SECONDS
        export TEST_DIR=$scratch/dir
        if (cd "$TEST_DIR" && build "$source" "$way" "$scratch/program" &&
            run "$way" "$scratch/program") >"$scratch/log" 2>&1 </dev/null; then
            took=$((SECONDS - begin))
            echo "PASS $name ($way): $(tail -n 1 "$scratch/log")$([ $took -lt 10 ] || echo ", $took s")"
            sed -n "s/^NOT RUN: /NOT RUN $name ($way): /p" "$scratch/log"
        else
            echo "FAIL $name ($way), status $?"
            tail -n 60 "$scratch/log" | sed 's/^/    /'
        fi
        end_leftovers "$scratch/dir"
        rm -rf "$scratch"
    done
}

if [ "$1" = --one ]; then
    prepare "$2"
    output=$(test_file "$3")
    echo "$output"
    exit 0
fi

stage=$(cd "$1" && pwd) || exit 1
shift
sources=()
for name in "${@:-*}"; do
    sources+=("$here"/$name.[cp]*)
done
results=$(mktemp)
trap 'rm -f "$results"' EXIT
printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P 2 "$0" --one "$stage" | tee "$results"
passed=$(grep -c '^PASS ' "$results")
failed=$(grep -c '^FAIL ' "$results")
skipped=$(grep -c '^NOT RUN ' "$results")
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
