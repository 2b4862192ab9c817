#!/bin/bash
# System: libvirt 9.0.0 (Debian 12), connection test:///default.
#
# Wrong guess: virDomainRevertToSnapshot with VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING either has the domain running
# afterwards or fails. Programs are tested with test:/// because its domains change their states as real ones do.
#
# Behaviour: of a snapshot that was taken of an inactive domain, the call returns 0 with that flag as with
# VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED, and the domain is off: with the reason of before if it was off, and stopped
# ("from snapshot") if it was running. A program that trusts the result goes on with a domain that does not run.
#
# Seen:
#     off, --running: reverted, shut off (destroyed)
#     off, --paused: reverted, shut off (destroyed)
#     running, --running: reverted, shut off (from snapshot)
#
# This project's test:/// starts the domain, as the flag says.
#
# Fails if the behaviour has changed.
set -euo pipefail

version=9.0.0-4+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -q "libvirt0=$version" "libvirt-clients=$version" >/dev/null
for deb in *.deb; do dpkg -x "$deb" tools; done
virsh() {
    LC_ALL=C LD_LIBRARY_PATH=$folder/tools/usr/lib/x86_64-linux-gnu tools/usr/bin/virsh -c test:///default "$1"
}
virsh version >said
sed -n '1p' said

# revert BEGIN FLAG: what becomes of the domain, after the commands BEGIN. A command that fails ends this.
revert() {
    virsh "destroy test; snapshot-create-as test s; $1 snapshot-revert test s $2; domstate test --reason" >said
    grep -q '^Domain snapshot s reverted$' said
    echo "reverted, $(grep -o '^\(shut off\|running\) (.*)$' said)"
}

{
    echo "off, --running: $(revert '' --running)"
    echo "off, --paused: $(revert '' --paused)"
    echo "running, --running: $(revert 'start test;' --running)"
} | tee seen
cat >expected <<'END'
off, --running: reverted, shut off (destroyed)
off, --paused: reverted, shut off (destroyed)
running, --running: reverted, shut off (from snapshot)
END
diff expected seen
echo "as recorded"
