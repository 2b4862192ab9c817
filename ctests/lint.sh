#!/bin/bash
# Checks the source text and how it builds: formatting, clippy, documentation, the licences of the
# dependencies, the oldest compiler that is promised, and another processor.
#
# Usage: ctests/lint.sh
#
# A check whose tool is not installed prints NOT RUN, as the tests do, and counts neither as passed nor
# as failed. Nothing is downloaded but the crates that the build itself needs.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0

# check WHAT COMMAND...
check() {
    local what=$1 begin=$SECONDS
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $what ($((SECONDS - begin)) s)"
    else
        failed=$((failed + 1))
        echo "FAILED: $what"
    fi
}

# not_run WHAT WHY
not_run() {
    echo "NOT RUN lint: $1: $2"
}

# The toolchains of rustup and the targets that they have; nothing where there is no rustup.
toolchains() {
    rustup toolchain list 2>/dev/null
}

rustdoc() {
    RUSTDOCFLAGS="-D warnings $1" cargo doc --quiet --locked --no-deps "${@:2}"
}

formatting() {
    cargo fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check
}

# docs/peers.md names tests as FILE: FUNCTION, or FILE where it is one test.
named_tests() {
    local file function lacking=0
    while IFS=: read -r file function; do
        if [ ! -f "$file" ] || ! grep -qE "(^|[^a-z0-9_])${function# }\\(" "$file"; then
            echo "docs/peers.md: there is no $file:$function"
            lacking=1
        fi
    done < <(grep -oE '`(crates|ctests|tests)/[^ `]*: [a-z0-9_]+`' docs/peers.md | tr -d '`')
    while read -r file; do
        [ -f "$file" ] || { echo "docs/peers.md: there is no $file"; lacking=1; }
    done < <(grep -oE '`(ctests|findings)/[^ `:]+`' docs/peers.md | tr -d '`')
    return "$lacking"
}

if cargo fmt --version >/dev/null 2>&1; then
    check formatting formatting
else
    not_run formatting "no rustfmt"
fi

if cargo clippy --version >/dev/null 2>&1; then
    check clippy cargo clippy --quiet --workspace --all-targets --locked -- -D warnings
else
    not_run clippy "no clippy"
fi

check "tests that docs/peers.md names" named_tests

# The crate for other Rust programs must read well from outside. Within the others, links to private
# items are for those who read the source.
check "public documentation" rustdoc "" --package virsparse-block
check "documentation" rustdoc "-A rustdoc::private_intra_doc_links" --workspace --document-private-items

if cargo deny --version >/dev/null 2>&1; then
    check "licences and sources" cargo deny --locked --workspace check --hide-inclusion-graph licenses sources bans
    if [ -n "$(ls "${CARGO_HOME:-$HOME/.cargo}"/advisory-dbs/*/ 2>/dev/null)" ]; then
        check "advisories" cargo deny --locked --workspace check --disable-fetch advisories
    else
        not_run advisories "no RustSec database"
    fi
else
    not_run "licences and sources" "no cargo-deny"
    not_run advisories "no cargo-deny"
fi

oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
toolchain=$(toolchains | grep -oE "^$oldest(\.[0-9]+)?-[^ ]*" | head -n 1)
if [ -n "$toolchain" ]; then
    check "Rust $oldest" cargo "+$toolchain" check --quiet --workspace --lib --bins --locked
else
    not_run "Rust $oldest" "no such toolchain"
fi

# `cargo check` links nothing. The C of a dependency is still compiled, and where there is no compiler
# for aarch64 the machine's own serves for that.
other=aarch64-unknown-linux-gnu
aarch64() {
    if ! command -v aarch64-linux-gnu-gcc >/dev/null; then
        export CC_aarch64_unknown_linux_gnu=cc AR_aarch64_unknown_linux_gnu=ar
    fi
    cargo check --quiet --workspace --all-targets --locked --target "$other"
}
if [ -d "$(rustc --print sysroot)/lib/rustlib/$other/lib" ]; then
    check "$other" aarch64
else
    not_run "$other" "no such target"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
