# Ends what a test has left running, for run.sh and clients/run.sh. A test that fails or is ended does not get
# to the place where it would do so.

# Ends the processes of the test in that folder, its TEST_DIR: those that have it in their environment, and those
# that hold domains below it, which have an environment of their own. Prints a line for each.
end_leftovers() {
    local dir=$1 found process
    # Not in the environment of what is run here.
    unset TEST_DIR
    # What is ended last may have started something.
    for _ in 1 2 3 4 5; do
        found=$(leftovers "$dir")
        [ -n "$found" ] || return 0
        for process in $found; do
            echo "    left running: $process $(tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline")"
            kill -KILL "$process" 2>/dev/null
        done
        sleep 0.1
    done
}

# Prints the numbers of these processes. One that has ended meanwhile is none. Those that are waited for by nobody
# have no environment, and no descriptors.
leftovers() {
    local file process
    grep -lzxF "TEST_DIR=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3
    for file in $(grep -lx virsparse-domai /proc/[0-9]*/comm 2>/dev/null); do
        process=${file%/comm}
        if [ -n "$(find "$process/fd" -lname "$1/*" -print -quit 2>/dev/null)" ]; then
            echo "${process#/proc/}"
        fi
    done
}
