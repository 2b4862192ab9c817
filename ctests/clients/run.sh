#!/bin/bash
# Runs clients of libvirt on our library, unmodified, as they are installed. There are two ways:
#
#   NAME.py, .pl,      Debian's bindings for Python, Perl, Ruby and PHP: LD_LIBRARY_PATH names the
#   .rb, .php          drop-in folder, whose libvirt.so.0 is our library
#   NAME.sh            virsh: it also uses private functions of the real libvirt.so.0, so that is
#                      loaded, with our library in front of it by LD_PRELOAD (lib.sh has a function);
#                      virt_install.sh and dbus.sh set LD_LIBRARY_PATH themselves
#
# Usage: ctests/clients/run.sh STAGE [NAME...]; STAGE is what `make stage` installed into.
#
# A program runs in a folder of its own, TEST_DIR, which is removed afterwards, and what still runs of it is ended.
set -uo pipefail

stage=$(cd "$1" && pwd) || exit 1
shift
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../needs.sh"
. "$here/../leftovers.sh"
export LIBRARY=$stage/usr/local/lib/libvirsparse.so.0
export DROP_IN=$stage/usr/local/lib/virsparse/drop-in
export PYTHONDONTWRITEBYTECODE=1
passed=0
failed=0
skipped=0

# The interpreters are Debian's, for which the bindings are installed. All symbols of a
# binding must be there, also those that are not called.
run() {
    case $1 in
    *.py) LD_LIBRARY_PATH=$DROP_IN timeout -k 10 3000 /usr/bin/python3 "$1" ;;
    *.pl) PERL_DL_NONLAZY=1 LD_LIBRARY_PATH=$DROP_IN timeout -k 10 3000 /usr/bin/perl "$1" ;;
    *.rb) LD_LIBRARY_PATH=$DROP_IN timeout -k 10 3000 /usr/bin/ruby "$1" ;;
    *.php) LD_LIBRARY_PATH=$DROP_IN timeout -k 10 3000 /usr/bin/php -n -d extension=libvirt-php.so "$1" ;;
    *.sh) timeout -k 10 3000 bash "$1" ;;
    esac
}

sources=()
for name in "${@:-*}"; do
    for source in "$here"/$name.{py,pl,rb,php,sh}; do
        case ${source##*/} in
        run.sh | lib.sh) ;;
        *) [ -e "$source" ] && sources+=("$source") ;;
        esac
    done
done
# The things that the two ways need, besides those that a test names.
needs_of_way() {
    case $1 in
    *.py) echo python3:libvirt ;;
    *.pl) echo perl:Sys::Virt ;;
    */fog.rb) echo ruby:fog/libvirt ;;
    *.rb) echo ruby:libvirt ;;
    *.php) echo php:libvirt-php ;;
    */dbus.sh) echo libvirt-dbus gdbus dbus-run-session ;;
    *.sh) echo virsh ;;
    esac
}

for source in "${sources[@]}"; do
    lacking=$(lacking $(needs_of_way "$source") $(needs_of "$source"))
    if [ -n "$lacking" ]; then
        echo "NOT RUN ${source##*/}: no $lacking"
        skipped=$((skipped + 1))
        continue
    fi
    scratch=$(mktemp -d -t client-XXXXXX)
    mkdir "$scratch/dir"
    export TEST_DIR=$scratch/dir
    if (cd "$TEST_DIR" && run "$source") >"$scratch/log" 2>&1 </dev/null; then
        echo "PASS ${source##*/}: $(tail -n 1 "$scratch/log")"
        passed=$((passed + 1))
    else
        echo "FAIL ${source##*/}, status $?"
        tail -n 60 "$scratch/log" | sed 's/^/    /'
        failed=$((failed + 1))
    fi
    end_leftovers "$scratch/dir"
    rm -rf "$scratch"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
