# The programs and files that building, the demo and the tests need, with their Debian packages; sourced by scripts.

# The package that has the PHP module: its name has PHP's version, and php-libvirt-php has only the settings.
php_module() {
    case $(. /etc/os-release && echo "$ID-${VERSION_ID:-}") in
    debian-12) echo php8.2-libvirt-php ;;
    *) echo php8.4-libvirt-php ;;
    esac
}

# THING PACKAGE SET: a THING is a command, or KIND:NAME of another kind (see have). The SET is demo for
# what `make demo` needs as well.
table() {
    cat <<END
cc                                    gcc                     demo
header:stdio.h                        libc6-dev               demo
ld.lld                                lld                     demo
python3                               python3                 demo
mkfs.ext4                             e2fsprogs               demo
qemu-img                              qemu-utils              demo
qemu-io                               qemu-utils              demo
g++                                   g++                     tests
pkg-config                            pkg-config              tests
as                                    binutils                tests
git                                   git                     tests
header:libvirt/libvirt.h              libvirt-dev             tests
soname:libvirt.so.0                   libvirt0                tests
virsh                                 libvirt-clients         tests
file:/usr/share/doc/libvirt-doc/examples libvirt-doc          tests
python3:libvirt                       python3-libvirt         tests
python3:pip                           python3-pip             tests
python3:setuptools                    python3-setuptools      tests
python3-header:Python.h               python3-dev             tests
perl:Sys::Virt                        libsys-virt-perl        tests
perl:XML::XPath                       libxml-xpath-perl       tests
ruby:libvirt                          ruby-libvirt            tests
ruby:fog/libvirt                      ruby-fog-libvirt        tests
php:libvirt-php                       $(php_module)           tests
php                                   php-cli                 tests
libvirt-dbus                          libvirt-dbus            tests
gdbus                                 libglib2.0-bin          tests
dbus-run-session                      dbus-daemon             tests
virt-install                          virtinst                tests
qemu-nbd                              qemu-utils              tests
qemu-system-x86_64                    qemu-system-x86         tests
nbdkit                                nbdkit                  tests
nbdcopy                               libnbd-bin              tests
nbdinfo                               libnbd-bin              tests
fio                                   fio                     tests
valgrind                              valgrind                tests
go                                    golang-go               tests
file:/usr/share/gocode/src/github.com/libvirt/libvirt-go golang-github-libvirt-libvirt-go-dev tests
javac                                 default-jdk-headless    tests
file:/usr/share/java/jna.jar          libjna-java             tests
man                                   man-db                  tests
groff                                 groff                   tests
mkfs.xfs                              xfsprogs                tests
mkfs.btrfs                            btrfs-progs             tests
unshare                               util-linux              tests
fincore                               util-linux-extra        tests
mount                                 mount                   tests
ntfs-3g                               ntfs-3g                 tests
END
}

# Whether a thing of the table is installed. Interpreters are Debian's, because its bindings are made for them.
have() {
    case $1 in
    header:*) printf '#include <%s>\n' "${1#*:}" | cc -E -o /dev/null -x c - 2>/dev/null ;;
    soname:*) ldconfig -p 2>/dev/null | grep -qF "${1#*:} " || /sbin/ldconfig -p | grep -F "${1#*:} " >/dev/null ;;
    python3-header:*) /usr/bin/python3 -c "import os, sysconfig
os.stat(sysconfig.get_paths()['include'] + '/${1#*:}')" 2>/dev/null ;;
    python3:*) (cd / && /usr/bin/python3 -c "import ${1#*:}") 2>/dev/null ;;
    ruby:*) /usr/bin/ruby -e "require '${1#*:}'" 2>/dev/null ;;
    php:*) /usr/bin/php -n -d "extension=${1#*:}.so" -r 'exit((int) !function_exists("libvirt_connect"));' >/dev/null 2>&1 ;;
    perl:*) /usr/bin/perl -M"${1#*:}" -e 1 2>/dev/null ;;
    file:*) [ -e "${1#*:}" ] ;;
    *) PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null ;;
    esac
}

# Prints the commands of the table whose names occur in a test's source, or in files beside it that it
# includes (C) or has as modules (Rust).
needs_of() {
    local folder file
    folder=$(dirname "$1")
    {
        cat "$1"
        sed -nE 's/^#include "(.*)"/\1/p' "$1" | while read -r file; do cat "$folder/$file"; done
        sed -nE 's/^(pub )?mod ([a-z0-9_]+);/\2/p' "$1" | while read -r file; do
            cat "$folder/$file.rs" "$folder/$file"/*.rs 2>/dev/null
        done
    } | grep -owE 'qemu-(img|io|nbd|system-x86_64)|nbdkit|nbdcopy|nbdinfo|fio|virsh|fincore|virt-install' | sort -u
}

# Prints the THINGs that are missing.
lacking() {
    local thing
    for thing; do
        have "$thing" || echo "$thing"
    done | tr '\n' ' ' | sed 's/ $//'
}
