#!/bin/bash
# Runs every test there is, and ends with how many passed and failed.
#
# Usage: ctests/check.sh STAGE; STAGE is what `make stage` installed into.
set -uo pipefail

stage=$(cd "$1" && pwd) || exit 1
cd "$(dirname "$0")/.." || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
broken=()

# $1 says what the command that follows tests. Its passes and failures are those that it counts
# itself, as cargo and our scripts do, or else itself.
step() {
    local what=$1 status p f
    shift
    echo "== $what"
    "$@" </dev/null 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    read -r p f < <(sed -nE 's/^(test result: .*[.] )?([0-9]+) passed[,;] ([0-9]+) failed.*/\2 \3/p' \
        "$log" | awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
    if [ "$status" -eq 0 ] && [ $((p + f)) -eq 0 ]; then
        p=1
    elif [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
        f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    [ "$f" -eq 0 ] || broken+=("$what")
}

xtask() {
    cargo run --quiet --locked --package xtask -- "$@"
}

# groff must have nothing to say about any page.
manual_pages() {
    local page
    for page in "$stage"/usr/local/share/man/man3/*.3; do
        groff -man -Tutf8 -ww -z "$page" 2>&1
    done | grep . && return 1
    return 0
}

step "Rust tests" cargo test --workspace --locked --no-fail-fast
step "the headers are fresh" xtask headers --check
step "the list of functions is fresh" xtask compatibility --check
step "the documentation is complete" xtask doc --check
step "the manual pages are well-formed" manual_pages
step "the ABI" ctests/abi/run.sh "$stage"
step "the C programs" ctests/run.sh "$stage"
step "programs that were built against libvirt" ctests/clients/run.sh "$stage"
step "their own test suites" ctests/suites/run.py "$stage"
step "the examples" ctests/examples.sh "$stage"

if [ "$failed" -ne 0 ]; then
    printf 'Failed: %s\n' "${broken[@]}"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
