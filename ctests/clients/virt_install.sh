#!/bin/bash
# virt-install on our library in libvirt's place (the drop-in folder): it reads the capabilities, makes a
# definition from them, and defines and starts the domain. It also uses an alias for our URI.
. "$(dirname "$0")/lib.sh"

mkdir images
truncate -s 16M images/d.img
export HOME=$TEST_DIR LC_ALL=C

# install URI ARGUMENT...: runs virt-install, which must succeed; its output goes to $said.
install() {
    local uri=$1
    shift
    LD_LIBRARY_PATH=$DROP_IN /usr/bin/virt-install --connect "$uri" --memory 512 --import --osinfo generic \
        --disk "path=$TEST_DIR/images/d.img,format=raw" --network none --graphics none --noautoconsole \
        "$@" >"$said" 2>"$said.error" || fail "virt-install $*: $(cat "$said" "$said.error")"
}

for arch in x86_64 aarch64 s390x; do
    install "$URI" --name d --print-xml --arch $arch
    says '<domain type="kvm">' "<type arch=\"$arch\" machine=.*>hvm</type>" '<disk type="file" device="disk">' \
        "<source file=\"$TEST_DIR/images/d.img\"/>"
done
install "$URI" --name d --print-xml --virt-type qemu --arch x86_64 --machine q35
says '<domain type="qemu">' '<type arch="x86_64" machine="q35">hvm</type>'

# The domain runs in the process that has started it; its definition stays.
install "$URI" --name d --noreboot
virsh 'list --all' 'domblklist d' 'undefine d'
says '- +d +shut off' ".+ +$TEST_DIR/images/d.img"
export VIRSPARSE_URI_ALIASES="qemu:///session=$URI"
install qemu:///session --name e --noreboot
virsh 'list --all' 'undefine e'
says '- +e +shut off'
! LD_LIBRARY_PATH=$DROP_IN /usr/bin/virt-install --connect qemu:///system --print-xml >"$said" 2>&1 ||
    fail "qemu:///system is opened: $(cat "$said")"
grep -qF 'no connection driver available for qemu:///system' "$said" || fail "$(cat "$said")"
echo "virt_install: passed"
