#!/bin/bash
# Installs missing programs and files that building, the demo and the tests need, on systems with Debian's
# packages. They are looked for by the command or file that is used, never by the name of
# a package, because several packages may have it and may conflict.
#
# Usage: ctests/deps.sh [--check] [demo|tests]
#   demo     what `make demo` runs
#   tests    what `make check` runs (this is the default)
#   --check  prints the names of what is missing, one a line, and installs nothing
#
# No package is removed or replaced by an older one, unless DEPS_DOWNGRADE=yes: then a
# package that is newer than the package sources' is replaced if it prevents an installation. That happens on
# a machine with a qemu-utils from a source that no longer exists: Debian's qemu-system-x86 can only be
# installed beside its own qemu-utils.
#
# The status is 0 even if something could not be installed: the tests that need it are then not run, and
# `ctests/check.sh` lists them.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/needs.sh"

check=
if [ "${1:-}" = --check ]; then
    check=yes
    shift
fi
wanted=${1:-tests}

# Prints THING PACKAGE for each missing thing of the set.
missing() {
    local thing package set
    while read -r thing package set; do
        [ "$wanted" = tests ] || [ "$set" = "$wanted" ] || continue
        have "$thing" || echo "$thing $package"
    done < <(table)
}

if [ -n "$check" ]; then
    missing | cut -d ' ' -f 1
    exit 0
fi
absent=$(missing)
[ -n "$absent" ] || exit 0

echo "Missing: $(cut -d ' ' -f 1 <<<"$absent" | tr '\n' ' ')"
mapfile -t packages < <(cut -d ' ' -f 2 <<<"$absent" | sort -u)
if ! command -v apt-get >/dev/null; then
    echo "Not a Debian system: they are in what Debian calls ${packages[*]}"
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "As root: apt-get install --no-install-recommends ${packages[*]}"
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
install() {
    apt-get install -q -y --no-install-recommends --no-remove "$@" </dev/null
}

echo "Installing: ${packages[*]}"
apt-get update -q || echo "apt-get update has failed; going on with the lists that are here"
# apt installs all packages or none, so those that cannot be installed are left out.
possible=()
for package in "${packages[@]}"; do
    if install --simulate "$package" >/dev/null 2>&1; then
        possible+=("$package")
    else
        echo "$package cannot be installed as things are"
    fi
done
if [ ${#possible[@]} -gt 0 ] && ! install "${possible[@]}"; then
    for package in "${possible[@]}"; do
        install "$package" || echo "$package cannot be installed"
    done
fi

# Prints the installed packages of the table that are newer than in the package sources, each with the
# newest version there.
replaceable() {
    local package installed newest
    for package in $(table | tr -s ' ' | cut -d ' ' -f 2 | sort -u); do
        installed=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) && [ -n "$installed" ] || continue
        newest=$(apt-cache madison "$package" | cut -d '|' -f 2 | tr -d ' ' | head -n 1)
        [ -n "$newest" ] && dpkg --compare-versions "$installed" gt "$newest" &&
            echo "$package=$newest"
    done
}

absent=$(missing)
if [ -n "$absent" ]; then
    mapfile -t packages < <(cut -d ' ' -f 2 <<<"$absent" | sort -u)
    mapfile -t older < <(replaceable)
    if [ "${DEPS_DOWNGRADE:-}" = yes ] && [ ${#older[@]} -gt 0 ]; then
        echo "Installing ${packages[*]} with ${older[*]} in place of what is there"
        install --allow-downgrades "${packages[@]}" "${older[@]}" ||
            echo "${packages[*]} cannot be installed"
    elif [ ${#older[@]} -gt 0 ]; then
        echo "${packages[*]} may need ${older[*]}, which is older than what is installed;"
        echo "DEPS_DOWNGRADE=yes replaces that"
    fi
    absent=$(missing)
fi
[ -z "$absent" ] || echo "Still missing: $(cut -d ' ' -f 1 <<<"$absent" | tr '\n' ' ')"
