# Functions for scripts that use virsh. They end at the first command that fails.
set -euo pipefail

URI="sparse:///embed?root=$TEST_DIR/root"
said=$TEST_DIR/said

fail() {
    echo "$*"
    exit 1
}

# real_virsh ARGUMENT...: virsh on our library; its output and status are not checked.
real_virsh() {
    LC_ALL=C LD_PRELOAD=$LIBRARY /usr/bin/virsh -c "$URI" "$@"
}

# virsh COMMAND...: all commands in one process, each as one argument. Their output goes to $said,
# and they must succeed and write nothing to standard error. A domain runs in the process that
# started it, so all commands for a running domain are in one call.
virsh() {
    local commands
    commands=$(printf '%s; ' "$@")
    real_virsh "${commands%; }" >"$said" 2>"$said.error" && [ ! -s "$said.error" ] ||
        fail "virsh $commands: $(cat "$said" "$said.error")"
}

# refused TEXT COMMAND: the command fails, and its output has the text.
refused() {
    ! real_virsh "$2" >"$said" 2>&1 || fail "virsh $2 has succeeded: $(cat "$said")"
    grep -qF -- "$1" "$said" || fail "virsh $2 says: $(cat "$said")"
}

# says PATTERN...: each pattern matches a whole line of the last commands' output.
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
