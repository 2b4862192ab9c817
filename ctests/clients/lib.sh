# What scripts that use virsh have in common. They end at the first command that fails.
set -euo pipefail

URI="sparse:///embed?root=$TEST_DIR/root"
said=$TEST_DIR/said

fail() {
    echo "$*"
    exit 1
}

# real_virsh ARGUMENT...: virsh on our library, with nothing said of its output and status.
real_virsh() {
    LC_ALL=C LD_PRELOAD=$LIBRARY /usr/bin/virsh -c "$URI" "$@"
}

# virsh COMMAND...: all commands in one process, each as one argument. What they say is in $said,
# and they must succeed in silence on the standard error output. A domain runs in the process that
# has started it, so what is to be done with one is done in one call.
virsh() {
    local commands
    commands=$(printf '%s; ' "$@")
    real_virsh "${commands%; }" >"$said" 2>"$said.error" && [ ! -s "$said.error" ] ||
        fail "virsh $commands: $(cat "$said" "$said.error")"
}

# refused TEXT COMMAND: it fails, and says that.
refused() {
    ! real_virsh "$2" >"$said" 2>&1 || fail "virsh $2 has succeeded: $(cat "$said")"
    grep -qF -- "$1" "$said" || fail "virsh $2 says: $(cat "$said")"
}

# says PATTERN...: each matches a whole line of what the last commands said.
says() {
    local pattern
    for pattern; do
        grep -qxE -- " *$pattern *" "$said" || fail "no '$pattern' in: $(cat "$said")"
    done
}

# silent PATTERN: no line of it matches.
silent() {
    ! grep -qE -- "$1" "$said" || fail "'$1' in: $(cat "$said")"
}

# allocated FILE: how many bytes it takes on the disk.
allocated() {
    echo $(($(stat -c %b "$1") * 512))
}

# as_sparse FILE BYTES: it takes no more than that.
as_sparse() {
    [ "$(allocated "$1")" -le "$2" ] || fail "$1 takes $(allocated "$1") bytes instead of $2"
}
