#!/bin/bash
# Runs all tests, and prints how many passed and failed, and which could not be run.
#
# Usage: ctests/check.sh STAGE; STAGE is what `make stage` installed into.
#
# A test that cannot be run, because a program or a permission is missing, does not count as passed. With
# CI=true it counts as failed, unless ctests/not-run-expected has a line for it.
set -uo pipefail

stage=$(cd "$1" && pwd) || exit 1
cd "$(dirname "$0")/.." || exit 1
. ctests/needs.sh
log=$(mktemp)
not_run=$(mktemp)
failures=$(mktemp)
trap 'rm -f "$log" "$not_run" "$failures"' EXIT
passed=0
failed=0
broken=()

# What to show once more, below everything else, of a step that failed: its last lines, and above them those
# that cargo and our scripts begin or end with FAILED.
failed_lines() {
    grep -nE '^FAILED|FAILED$|panicked at' "$log" | head -20
    tail -15 "$log"
}

# step WHAT COMMAND...: runs the command, which tests WHAT. If it prints numbers of passes and failures, as
# cargo and our scripts do, they are added up; otherwise the command counts as one test.
step() {
    local what=$1 status p f begin=$SECONDS
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
    if [ "$f" -ne 0 ]; then
        broken+=("$what")
        { echo "== the end of: $what" && failed_lines; } >>"$failures"
    fi
    sed -n 's/^NOT RUN //p' "$log" >>"$not_run"
    echo "== $what: $((SECONDS - begin)) s"
}

# step_with THINGS WHAT COMMAND...: a step that is not run if one of the things (needs.sh) is missing.
step_with() {
    local lacking
    lacking=$(lacking $1)
    shift
    if [ -n "$lacking" ]; then
        echo "NOT RUN $1: no $lacking"
        echo "$1: no $lacking" >>"$not_run"
    else
        step "$@"
    fi
}

# All Rust tests that can be run here. Those in the folders tests/ may need other programs.
rust_tests() {
    local source name lacking targets=()
    for source in {,crates/*/}tests/*.rs {,crates/*/}tests/*/main.rs; do
        [ -f "$source" ] || continue
        name=${source#*tests/}
        name=${name%.rs}
        name=${name%/main}
        lacking=$(lacking $(needs_of "$source"))
        if [ -n "$lacking" ]; then
            echo "NOT RUN $name: no $lacking"
        else
            targets+=(--test "$name")
        fi
    done
    cargo test --workspace --locked --no-fail-fast --lib --bins "${targets[@]}" || return
    cargo test --workspace --locked --no-fail-fast --doc
}

xtask() {
    cargo run --quiet --locked --package xtask -- "$@"
}

# groff must not warn about any page. A page that is another name for one refers to it relative to
# the folder above.
manual_pages() {
    local page
    (
        cd "$stage/usr/local/share/man" || exit
        for page in man3/*.3; do
            groff -man -Tutf8 -ww -z "$page"
        done
    ) 2>&1 | grep . && return 1
    return 0
}

step "lint" ctests/lint.sh
step_with "git file:.git" "a release could be made" xtask/release.sh rehearse
step "Rust tests" rust_tests
step "the headers are fresh" xtask headers --check
step "the list of functions is fresh" xtask compatibility --check
step "the documentation is complete" xtask doc --check
step_with groff "the manual pages are well-formed" manual_pages
step_with "g++ pkg-config header:libvirt/libvirt.h soname:libvirt.so.0" "the ABI" ctests/abi/run.sh "$stage"
step "the C programs" ctests/run.sh "$stage"
step "programs that were built against libvirt" ctests/clients/run.sh "$stage"
step "the same, with domains in processes of their own" env VIRSPARSE_HOLD=process ctests/clients/run.sh "$stage"
step "their own test suites" ctests/suites/run.py "$stage"
step_with "pkg-config qemu-img qemu-io fio mkfs.ext4" "the examples" ctests/examples.sh "$stage"

# Prints the tests that were not run and are not listed in ctests/not-run-expected. Its lines are RELEASE
# PATTERN: RELEASE is ID-VERSION_ID of /etc/os-release, or *, and PATTERN (of the shell) matches the text after
# NOT RUN.
unexpected() {
    local release line expected_on pattern
    release=$(. /etc/os-release && echo "$ID-${VERSION_ID:-}")
    while IFS= read -r line; do
        while read -r expected_on pattern; do
            [[ $expected_on == "#"* || -z $expected_on ]] && continue
            [[ $release == $expected_on && $line == $pattern ]] && continue 2
        done <ctests/not-run-expected
        echo "$line"
    done <"$not_run"
}

skipped=$(wc -l <"$not_run")
if [ "$skipped" -ne 0 ]; then
    sed 's/^/Not run: /' "$not_run"
    surprising=$(unexpected)
    if [ "${CI:-}" = true ] && [ -n "$surprising" ]; then
        sed 's/^/Not run, and not expected: /' <<<"$surprising"
        failed=$((failed + $(wc -l <<<"$surprising")))
        broken+=("what must not be left out")
    fi
fi
if [ "$failed" -ne 0 ]; then
    cat "$failures"
    printf 'Failed: %s\n' "${broken[@]}"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
