#!/bin/bash
# Makes a release: a source archive and a tag, both of this tree's HEAD. Nothing is published: what has to
# be pushed is printed at the end.
#
# Usage: xtask/release.sh prepare VERSION
#   Writes the version into the manifests and dates the changelog's section, as one commit.
# Usage: xtask/release.sh make [--sign] FOLDER
#   Checks version, changelog and tree, makes libvirsparse-VERSION.tar.gz and its checksum in FOLDER, and
#   tags HEAD as vVERSION; with --sign by git's signing key.
# Usage: xtask/release.sh rehearse
#   Does both in a clone that is thrown away, and tries what must be refused. `make check` runs this.
set -euo pipefail

cd "$(dirname "$0")/.."

fail() {
    echo "release: $*" >&2
    exit 1
}

version_of_manifest() {
    sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | sort -u
}

# Prints what the changelog says of version $1, without the heading.
section() {
    awk -v heading="## [$1]" '
        index($0, "## ") == 1 { inside = index($0, heading) == 1; next }
        inside' CHANGELOG.md | sed -e '/./,$!d'
}

prepare() {
    local version=$1
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$version is not a version (1.2.3)"
    [ -z "$(git status --porcelain)" ] || fail "the tree has changes that are not committed"
    [ -n "$(section Unreleased)" ] || fail "CHANGELOG.md says nothing below '## [Unreleased]'"
    sed -i "s/^version = \".*\"/version = \"$version\"/" Cargo.toml
    # Only the versions of our own crates change.
    cargo update --quiet --workspace --offline
    sed -i "/^name = \"virsparse\(-base\|-block\|-core\|\)\"\$/{n;s/^version = .*/version = \"$version\"/}" fuzz/Cargo.lock
    sed -i "s/^## \[Unreleased\]\$/## [Unreleased]\n\n## [$version] - $(date -u +%F)/" CHANGELOG.md
    git commit --quiet --all --message "release: $version"
    echo "release: version $version is prepared"
}

check() {
    local version=$1
    [ "$(wc -w <<<"$version")" = 1 ] || fail "Cargo.toml has several versions: $version"
    grep -Eq "^## \[$version\] - [0-9]{4}-[0-9]{2}-[0-9]{2}\$" CHANGELOG.md ||
        fail "CHANGELOG.md has no dated section for $version"
    [ -n "$(section "$version")" ] || fail "CHANGELOG.md says nothing of $version"
    [ -z "$(git status --porcelain)" ] || fail "the tree has changes that are not committed"
    ! git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null || fail "there is a tag v$version"
    # --locked: neither is Cargo.lock.
    cargo run --quiet --locked --package xtask -- headers --check || fail "the headers are stale: make headers"
    cargo run --quiet --locked --package xtask -- compatibility --check ||
        fail "docs/compatibility.md is stale: make headers"
}

# The same bytes for the same commit, whoever makes it and when: git takes the commit's time, and gzip is
# told to write neither name nor time.
archive() {
    git archive --format=tar --prefix="libvirsparse-$1/" HEAD | gzip --best --no-name
}

make_release() {
    local sign=--annotate version name
    if [ "${1:-}" = --sign ]; then
        sign=--sign
        shift
    fi
    [ -d "${1:-}" ] || fail "a folder for the archive must be named"
    version=$(version_of_manifest)
    check "$version"
    name=libvirsparse-$version.tar.gz
    archive "$version" >"$1/$name"
    archive "$version" | cmp --silent - "$1/$name" || fail "the archive is not reproducible"
    (cd "$1" && sha256sum "$name" >"$name.sha256")
    { echo "libvirsparse $version" && echo && section "$version"; } |
        git tag "$sign" --cleanup=verbatim --file=- "v$version"
    echo "release: $1/$name, tagged as v$version. To publish: git push origin v$version, and the archive"
}

# must_refuse TEXT COMMAND...: the command fails, and says TEXT.
must_refuse() {
    local text=$1 output
    shift
    ! output=$("$@" 2>&1) || fail "rehearsal: not refused: $*"
    grep -qF "$text" <<<"$output" || fail "rehearsal: '$text' was expected of: $output"
}

rehearse() {
    local version work clone out
    work=$(mktemp -d)
    trap "rm -rf '$work'" EXIT
    clone=$work/clone
    out=$work/out
    mkdir "$out"
    git clone --quiet --shared . "$clone"
    cd "$clone"
    # What is built stays out of the trees that are compared below.
    export CARGO_TARGET_DIR=$work/target
    git config user.name rehearsal
    git config user.email rehearsal@localhost
    version=$(version_of_manifest)
    must_refuse "is not a version" xtask/release.sh prepare 1.0
    echo >>README.md
    must_refuse "not committed" xtask/release.sh prepare "$version"
    git checkout --quiet README.md
    # HEAD may be prepared already.
    if [ -z "$(section "$version")" ]; then
        must_refuse "no dated section" xtask/release.sh make "$out"
        xtask/release.sh prepare "$version"
    fi
    echo >>README.md
    must_refuse "not committed" xtask/release.sh make "$out"
    git checkout --quiet README.md
    xtask/release.sh make "$out"
    must_refuse "there is a tag" xtask/release.sh make "$out"
    must_refuse "says nothing below" xtask/release.sh prepare "$version"

    # What somebody gets who has the archive alone.
    (cd "$out" && sha256sum --quiet --check ./*.sha256)
    tar --extract --gzip --file "$out/libvirsparse-$version.tar.gz" --directory "$work"
    diff --recursive --exclude .git "$clone" "$work/libvirsparse-$version"
    cd "$work/libvirsparse-$version"
    cargo check --quiet --locked --package virsparse --lib
    [ "$(git -C "$clone" cat-file -t "v$version")" = tag ]
    echo "release: $version could be released"
}

case ${1:-} in
prepare)
    [ $# = 2 ] || fail "prepare needs a version"
    prepare "$2"
    ;;
make) make_release "${@:2}" ;;
rehearse) rehearse ;;
*) fail "what to do: prepare VERSION, make [--sign] FOLDER, rehearse" ;;
esac
