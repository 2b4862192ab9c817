# Builds, tests and installs libvirsparse.
#
#   make                    the library and its manual pages
#   make install            into PREFIX (/usr/local), below DESTDIR if that is given
#   make demo               the main job on a real disk image, from C and from Python
#   make check              every test there is
#   make ctests             the C programs only; TESTS="error stream" for some of them
#   make headers            include/, after a change of src/capi
#   make lint               formatting and clippy
#   make bench              how long it takes, beside cp, qemu-img, nbdcopy and virsh; needs 15 GB
#                           below BENCH_DIR (/var/tmp) and half an hour; BENCH="--layouts a" for less

PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DESTDIR =

CARGO = cargo
INSTALL = install
TARGET = $(or $(CARGO_TARGET_DIR),target)
XTASK = $(CARGO) run --quiet --locked --package xtask --

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The version of libvirt whose interface the headers are.
LIBVIRT_VERSION = 9.0.0
LIBRARY = libvirsparse.so.$(VERSION)
DROP_IN = $(LIBDIR)/virsparse/drop-in

# What the tests look at is what is installed.
STAGE = $(abspath $(TARGET)/stage)

all:
	$(CARGO) build --release --locked --lib
	rm -rf $(TARGET)/man
	$(XTASK) man $(TARGET)/man

headers:
	$(XTASK) headers

install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(DROP_IN)/pkgconfig $(MANDIR)/man3)
	$(INSTALL) -m 755 $(TARGET)/release/libvirsparse.so $(DESTDIR)$(LIBDIR)/$(LIBRARY)
	ln -sf $(LIBRARY) $(DESTDIR)$(LIBDIR)/libvirsparse.so.0
	ln -sf libvirsparse.so.0 $(DESTDIR)$(LIBDIR)/libvirsparse.so
	ln -sf ../../$(LIBRARY) $(DESTDIR)$(DROP_IN)/libvirt.so.0
	ln -sf libvirt.so.0 $(DESTDIR)$(DROP_IN)/libvirt.so
	$(call configure,pkgconfig/virsparse.pc.in,$(LIBDIR)/pkgconfig/virsparse.pc)
	$(call configure,pkgconfig/libvirt.pc.in,$(DROP_IN)/pkgconfig/libvirt.pc)
	for folder in $(patsubst include/%/,%,$(wildcard include/*/)); do \
		$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/$$folder && \
		$(INSTALL) -m 644 include/$$folder/*.h $(DESTDIR)$(INCLUDEDIR)/$$folder || exit 1; \
	done
	$(INSTALL) -m 644 $(TARGET)/man/*.3 $(DESTDIR)$(MANDIR)/man3

# $(call configure,TEMPLATE,INSTALLED FILE)
configure = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	-e 's|@LIBVIRT_VERSION@|$(LIBVIRT_VERSION)|' $(1) > $(DESTDIR)$(2)

stage:
	rm -rf $(STAGE)
	$(MAKE) install DESTDIR=$(STAGE) PREFIX=/usr/local

ctests: stage
	ctests/run.sh $(STAGE) $(TESTS)

check:
	ctests/install-packages.sh
	$(MAKE) stage
	ctests/check.sh $(STAGE)

demo:
	$(CARGO) build --release --locked --lib
	examples/demo.sh $(TARGET)/release

BENCH_DIR = /var/tmp

# The tools are linked to the installed library, as a user's would be.
bench: stage
	mkdir -p $(TARGET)/bench
	for tool in examples/c/vol-transfer.c benches/send4k.c; do \
		$(CC) -O2 -std=c99 -I$(STAGE)$(INCLUDEDIR) $$tool \
			-o $(TARGET)/bench/$$(basename $$tool .c) \
			-L$(STAGE)$(LIBDIR) -lvirsparse -Wl,-rpath,$(STAGE)$(LIBDIR) || exit 1; \
	done
	python3 benches/volumes.py --vol-transfer $(TARGET)/bench/vol-transfer \
		--library $(STAGE)$(LIBDIR)/libvirsparse.so.0 --dir $(BENCH_DIR) $(BENCH)
	folder=$$(mktemp -d -p $(BENCH_DIR)) && \
		$(TARGET)/bench/send4k "sparse:///embed?root=$$folder/root" $$folder; \
		status=$$?; rm -rf $$folder; exit $$status

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

clean:
	$(CARGO) clean

.PHONY: all headers install stage ctests demo check bench lint clean
