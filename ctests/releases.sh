#!/bin/bash
# Runs the README's two commands, `make demo` and `make check`, in fresh roots of several releases of
# Debian, and prints a table for docs/compatibility.md.
#
# Usage: ctests/releases.sh [RELEASE...]; as root, with mmdebstrap. All of the RELEASEs (see releases) if
# none is named. A clone of HEAD is tested, with this machine's Rust toolchain.
#
#   RELEASES_DIR      where the roots are made, and the logs left (default: /var/tmp/virsparse-releases)
#   RELEASES_KEEP     yes: roots are kept, and existing ones are used again
#   RELEASES_COMMAND  is run instead of the two commands, to examine a release
#
# The status is 0 if both commands pass everywhere. A release whose libvirt or QEMU is newer than the one
# that the library was tested with (see releases) is only a warning, whatever its result.
set -uo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
folder=${RELEASES_DIR:-/var/tmp/virsparse-releases}
MIRROR=${RELEASES_MIRROR:-http://deb.debian.org/debian}
SECURITY=${RELEASES_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

# NAME SUITE LIBVIRT QEMU WHAT: the versions are those that the library was tested with.
releases() {
    cat <<END
12             bookworm 9.0  7.2  Debian 12
12-newer-qemu  bookworm 9.0  10.0 Debian 12 with a newer qemu-utils of a source that is gone
13             trixie   11.3 10.0 Debian 13
13-backports   trixie   12.9 11.1 Debian 13 with libvirt and QEMU of its backports
END
}

# Runs a command in a root, in namespaces of its own: processes that it leaves running end with it, and its
# mounts are not visible outside.
inside() {
    local root=$1
    shift
    unshare --mount --pid --fork --kill-child --propagation private bash -s "$root" "$@" <<'END'
root=$1
shift
mount --bind "$root" "$root" && cd "$root" || exit 125
mount -t proc proc proc && mount --rbind /dev dev && mount --rbind /sys sys || exit 125
mount -t tmpfs tmpfs tmp && chmod 1777 tmp
# Without rustup's folder its cargo-fmt and cargo-clippy, which cargo finds first, know of no toolchain.
for path in "$(cd / && rustc --print sysroot)" "${CARGO_HOME:-$HOME/.cargo}" "${RUSTUP_HOME:-$HOME/.rustup}"; do
    [ -d "$path" ] || continue
    mkdir -p "$root$path" && mount --bind "$path" "$root$path" || exit 125
done
bin=$(cd / && rustc --print sysroot)/bin
exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
    CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" CARGO_TARGET_DIR=/build PATH="$bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    "$@" </dev/null
END
}

# Makes the root of a release: a minimal system with apt and make, and the certificates of this
# machine, because a network may have a certificate authority of its own.
make_root() {
    local name=$1 suite=$2 root=$3
    local sources=("deb $MIRROR $suite main" "deb $MIRROR $suite-updates main"
        "deb $SECURITY $suite-security main")
    case $name in
    *-backports) sources+=("deb $MIRROR $suite-backports main") ;;
    esac
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,make "$suite" "$root" \
        "${sources[@]}" || return
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    case $name in
    *-backports)
        printf 'Package: src:libvirt src:libvirt-python src:qemu src:seabios\nPin: release n=%s-backports\nPin-Priority: 900\n' \
            "$suite" >"$root/etc/apt/preferences.d/backports"
        ;;
    12-newer-qemu)
        echo "deb $MIRROR $suite-backports main" >"$root/etc/apt/sources.list.d/backports.list"
        inside "$root" sh -c "apt-get update -q && DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends -t $suite-backports qemu-utils" || return
        rm "$root/etc/apt/sources.list.d/backports.list"
        ;;
    esac
    # The commands must fetch the package lists themselves.
    rm -rf "$root"/var/lib/apt/lists/*
}

# The version of a package there, without epoch and revision.
version_of() {
    chroot "$1" dpkg-query -W -f '${Version}' "$2" 2>/dev/null | sed -E 's/^[0-9]+://; s/[-+].*//'
}

# Whether version $1 is of a later series (major.minor) than $2.
newer() {
    dpkg --compare-versions "$(cut -d . -f 1-2 <<<"$1")" gt "$2"
}

row() {
    printf '| %s | %s | %s | %s | %s | %s |\n' "$@"
}

[ "$(id -u)" = 0 ] || { echo "A root of another release can only be made and entered as root" >&2; exit 2; }
command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing (Debian's package of that name)" >&2; exit 2; }
mkdir -p "$folder" || exit 2
status=0
rows=()
while read -r name suite libvirt qemu what; do
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    root=$folder/$name
    log=$folder/$name.log
    if [ "${RELEASES_KEEP:-}" != yes ] || [ ! -d "$root" ]; then
        rm -rf "$root"
        echo "== $what: making its root"
        if ! make_root "$name" "$suite" "$root" >"$log" 2>&1; then
            tail -n 5 "$log"
            rows+=("$(row "$what" - - "the root could not be made" - -)")
            status=1
            continue
        fi
    fi
    rm -rf "$root/src"
    git clone -q --no-hardlinks "$repository" "$root/src" || exit 2
    echo "== $what: ${RELEASES_COMMAND:-make demo, make check} (the log is $log)"
    if [ -n "${RELEASES_COMMAND:-}" ]; then
        inside "$root" env CI="${CI:-}" sh -c "cd /src && $RELEASES_COMMAND" 2>&1 | tee "$log"
        continue
    fi
    demo=passed
    inside "$root" make -C /src demo >"$log" 2>&1 || demo=FAILED
    check=passed
    # As .ci/run has it: the demo has left a newer qemu-utils alone, and the tests replace it with what fits the
    # rest, because those of QEMU's guest must not be left out.
    inside "$root" env CI=true DEPS_DOWNGRADE=yes make -C /src check >>"$log" 2>&1 || check=FAILED
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    its_libvirt=$(version_of "$root" libvirt0)
    its_qemu=$(version_of "$root" qemu-utils)
    if newer "$its_libvirt" "$libvirt" || newer "$its_qemu" "$qemu"; then
        check="$check, WARNING: newer than libvirt $libvirt and QEMU $qemu that were tested"
    elif [ "$demo$check" != passedpassed ]; then
        status=1
    fi
    rows+=("$(row "$what" "$its_libvirt" "$its_qemu" "$demo" "$check" "${counts:-did not end}")")
    [ "${RELEASES_KEEP:-}" = yes ] || rm -rf "$root"
done < <(releases)
[ ${#rows[@]} -gt 0 ] || exit "$status"
row Release libvirt QEMU 'make demo' 'make check' tests
row --- --- --- --- --- ---
printf '%s\n' "${rows[@]}"
exit "$status"
