# Builds, tests and installs libvirsparse.
#
#   make                    the library, its program virsparse-domain, and manual pages
#   make install            into PREFIX (/usr/local), below DESTDIR if that is given
#   make demo               the main jobs on a real disk image, from C and from Python
#   make check              every test there is
#   make deps               installs what they run; `make check` and `make demo` begin with it
#   make ctests             the C programs only; TESTS="error stream" for some of them
#   make soak               guests at work during block jobs, for 20 rounds instead of 2; and 200 processes that
#                           hold or use domains killed, instead of 12
#   make crash              500 processes killed during block jobs, instead of 50; and a power cut after
#                           every flush of a machine's work, instead of after some
#   make check-releases     `make demo` and `make check` in fresh roots of four releases of Debian; as root,
#                           with mmdebstrap; RELEASES="13" for some of them
#   make faults             every system call of jobs and conversions fails, instead of some
#   make headers            include/ and docs/compatibility.md, after a change of src
#   make lint               formatting, clippy, documentation, licences, the oldest compiler, aarch64;
#                           part of `make check`
#   make rehearse-release   what xtask/release.sh does, in a clone that is thrown away; part of `make check`
#   make fuzz               looks for inputs that break the parsers, FUZZ_TIME (600) seconds with each
#                           of FUZZ_TARGETS
#   make bench              how long it takes, beside cp, qemu-img, nbdcopy and virsh, and block jobs
#                           beside qemu-storage-daemon's; needs 15 GB below BENCH_DIR (/var/tmp) and
#                           half an hour; BENCH="--layouts a" BENCH_IMAGES="--images a"
#                           BENCH_JOBS="--cases raw" BENCH_NBD="--cases 4" for less

PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
# Where the program is that holds a running domain. The library has this compiled in, and looks beside
# itself as well.
LIBEXECDIR = $(PREFIX)/libexec
# Units of systemd, which are not enabled: below it the folders system and user.
UNITDIR = $(PREFIX)/lib/systemd
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DESTDIR =

CARGO = cargo
INSTALL = install
TARGET = $(or $(CARGO_TARGET_DIR),target)
XTASK = $(CARGO) run --quiet --locked --package xtask --

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The version of libvirt whose interface the headers are.
LIBVIRT_VERSION = $(shell cat LIBVIRT_VERSION)
LIBRARY = libvirsparse.so.$(VERSION)
DROP_IN = $(LIBDIR)/virsparse/drop-in
# Not beside libvirt's own headers, which other programs on the machine are compiled with: only who asks
# pkg-config for ours finds them.
HEADERS = $(INCLUDEDIR)/virsparse

# What the tests look at is what is installed.
STAGE = $(abspath $(TARGET)/stage)

all:
	VIRSPARSE_BUILD_LIBEXECDIR=$(LIBEXECDIR) $(CARGO) build --release --locked --lib
	$(CARGO) build --release --locked --package virsparse-holder
	rm -rf $(TARGET)/man
	$(XTASK) man $(TARGET)/man

headers:
	$(XTASK) headers
	$(XTASK) compatibility

install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(DROP_IN)/pkgconfig $(LIBEXECDIR) \
		$(MANDIR)/man3 $(UNITDIR)/system $(UNITDIR)/user)
	$(INSTALL) -m 755 $(TARGET)/release/libvirsparse.so $(DESTDIR)$(LIBDIR)/$(LIBRARY)
	$(INSTALL) -m 755 $(TARGET)/release/virsparse-domain $(DESTDIR)$(LIBEXECDIR)
	ln -sf $(LIBRARY) $(DESTDIR)$(LIBDIR)/libvirsparse.so.0
	ln -sf libvirsparse.so.0 $(DESTDIR)$(LIBDIR)/libvirsparse.so
	ln -sf ../../$(LIBRARY) $(DESTDIR)$(DROP_IN)/libvirt.so.0
	ln -sf libvirt.so.0 $(DESTDIR)$(DROP_IN)/libvirt.so
	for name in libvirt-qemu libvirt-lxc; do \
		ln -sf ../../$(LIBRARY) $(DESTDIR)$(DROP_IN)/$$name.so.0 && \
		ln -sf $$name.so.0 $(DESTDIR)$(DROP_IN)/$$name.so || exit 1; \
	done
	$(call configure,pkgconfig/virsparse.pc.in,$(LIBDIR)/pkgconfig/virsparse.pc)
	$(call configure,pkgconfig/libvirt.pc.in,$(DROP_IN)/pkgconfig/libvirt.pc)
	$(call unit,system,sparse:///system,multi-user.target)
	$(call unit,user,sparse:///session,default.target)
	for folder in $(patsubst include/%/,%,$(wildcard include/*/)); do \
		$(INSTALL) -d $(DESTDIR)$(HEADERS)/$$folder && \
		$(INSTALL) -m 644 include/$$folder/*.h $(DESTDIR)$(HEADERS)/$$folder || exit 1; \
	done
	$(INSTALL) -m 644 $(TARGET)/man/*.3 $(DESTDIR)$(MANDIR)/man3

# $(call configure,TEMPLATE,INSTALLED FILE)
configure = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@HEADERS@|$(HEADERS)|' -e 's|@VERSION@|$(VERSION)|' \
	-e 's|@LIBVIRT_VERSION@|$(LIBVIRT_VERSION)|' $(1) > $(DESTDIR)$(2)

# $(call unit,FOLDER,URI,TARGET)
unit = sed -e 's|@URI@|$(2)|' -e 's|@TARGET@|$(3)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@LIBEXECDIR@|$(LIBEXECDIR)|' systemd/virsparse-autostart.service.in \
	> $(DESTDIR)$(UNITDIR)/$(1)/virsparse-autostart.service

stage:
	rm -rf $(STAGE)
	$(MAKE) install DESTDIR=$(STAGE) PREFIX=/usr/local

ctests: stage
	ctests/run.sh $(STAGE) $(TESTS)

deps:
	ctests/deps.sh tests

check: deps
	$(MAKE) stage
	ctests/check.sh $(STAGE)

soak: stage
	WORKLOAD_ROUNDS=20 $(CARGO) test --release --locked --package virsparse-core --test block_workload -- --nocapture
	DOMAIN_PROCESSES_ROUNDS=200 ctests/clients/run.sh $(STAGE) domain_processes

crash:
	CRASH_KILLS=500 $(CARGO) test --release --locked --package virsparse-core --test block_crash -- --nocapture
	POWER_CUT=long $(CARGO) test --release --locked --package virsparse-core --test power_cut -- --nocapture --test-threads=1 acknowledged

check-releases:
	ctests/releases.sh $(RELEASES)

faults: stage
	FAULTS_ALL=1 CTEST_TIMEOUT=20000 ctests/run.sh $(STAGE) job_syscall_faults vol_syscall_faults

demo:
	ctests/deps.sh demo
	$(CARGO) build --release --locked --lib
	examples/demo.sh $(TARGET)/release

BENCH_DIR = /var/tmp

# The tools are linked to the installed library, as a user's would be.
bench: stage
	mkdir -p $(TARGET)/bench
	for tool in examples/c/vol-transfer.c benches/send4k.c; do \
		$(CC) -O2 -std=c99 -I$(STAGE)$(HEADERS) $$tool \
			-o $(TARGET)/bench/$$(basename $$tool .c) \
			-L$(STAGE)$(LIBDIR) -lvirsparse -Wl,-rpath,$(STAGE)$(LIBDIR) || exit 1; \
	done
	python3 benches/volumes.py --vol-transfer $(TARGET)/bench/vol-transfer \
		--library $(STAGE)$(LIBDIR)/libvirsparse.so.0 --dir $(BENCH_DIR) $(BENCH)
	python3 benches/jobs.py --library $(STAGE)$(LIBDIR)/libvirsparse.so.0 --dir $(BENCH_DIR) \
		$(BENCH_JOBS)
	folder=$$(mktemp -d -p $(BENCH_DIR)) && \
		$(TARGET)/bench/send4k "sparse:///embed?root=$$folder/root&sync=no" $$folder; \
		status=$$?; rm -rf $$folder; exit $$status
	$(CARGO) build --release --locked --package virsparse-block --example image-tool
	python3 benches/images.py --image-tool $(TARGET)/release/examples/image-tool \
		--dir $(BENCH_DIR) $(BENCH_IMAGES)
	$(CARGO) build --release --locked --package virsparse-block --example nbd_export
	python3 benches/nbd.py --ours $(TARGET)/release/examples/nbd_export --dir $(BENCH_DIR) $(BENCH_NBD)

FUZZ_TARGETS = nbd_server qcow2_open_read qcow2_ops
FUZZ_TIME = 600

# libFuzzer wants coverage from the compiler, which needs leave for that unless it is a nightly one.
# The explicit target keeps these flags from build scripts.
FUZZ_FLAGS = --cfg fuzzing -Cpasses=sancov-module $(addprefix -Cllvm-args=-sanitizer-coverage-, \
	level=4 inline-8bit-counters pc-table trace-compares)
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')

# What is found and is new gathers in fuzz/target/corpus; what breaks, in fuzz/target/found.
fuzz:
	cd fuzz && for target in $(FUZZ_TARGETS); do \
		mkdir -p target/corpus/$$target target/found && \
		RUSTC_BOOTSTRAP=1 RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) run --release \
			--target $(FUZZ_HOST) --bin $$target -- target/corpus/$$target corpus/$$target \
			-max_total_time=$(FUZZ_TIME) -timeout=20 -rss_limit_mb=1024 -max_len=100000 \
			-artifact_prefix=target/found/$$target- -print_final_stats=1 || exit 1; \
	done

lint:
	ctests/lint.sh

rehearse-release:
	xtask/release.sh rehearse

clean:
	$(CARGO) clean

.PHONY: all headers install stage deps ctests demo check fuzz soak crash faults check-releases bench lint rehearse-release clean
