# SPDX-License-Identifier: Apache-2.0
# Everything that is built lands in build/MODE; `make help` lists what there is to type.

VERSION := 0.1.0
MODE ?= release
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
LIBDIR ?= $(PREFIX)/lib
UNITDIR ?= $(PREFIX)/lib/systemd/system
# CROSS_COMPILE=TRIPLET- builds for another machine, into a folder of its own
TRIPLET := $(CROSS_COMPILE:%-=%)
OUT := build$(TRIPLET:%=/%)
BUILD := $(OUT)/$(MODE)
# the floor under a device's clock; a release tarball sets SOURCE_DATE_EPOCH
BUILD_TIME := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)
ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
LIB_PKGS := libzstd libubootenv jansson
PKGS := $(LIB_PKGS) inih

CPPFLAGS += -Isrc -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DOTA_VERSION='"$(VERSION)"'
# empty where another compiler than ours builds: what it warns of is no reason to have no release
WERROR ?= -Werror
WARNINGS := -Wall -Wextra $(WERROR) -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
# a distribution that fortifies says how much
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CC) $(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
CFLAGS.release := -O2 $(FORTIFY) -fstack-protector-strong -fPIE
SANITIZE := -fsanitize=address,undefined
CFLAGS.asan := -O1 $(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -fno-pie
CFLAGS.cover := -O0 --coverage
CFLAGS.fuzz := $(CFLAGS.asan)
LDFLAGS.release := -pie -Wl,-z,relro,-z,now
# some fifty programs are linked, each with all of the library: gold takes a third of the time. And
# tests start the program ten thousand times: at a fixed place, and with the sanitizers within, half of
# a start is spared.
LDFLAGS.asan := $(SANITIZE) -no-pie -static-libasan -static-libubsan $(if $(shell command -v ld.gold),-fuse-ld=gold)
LDFLAGS.cover := --coverage
LDFLAGS.fuzz := $(SANITIZE) -no-pie
ifeq ($(MODE),fuzz)
CC := clang
CFLAGS.fuzz += -fsanitize=fuzzer-no-link
endif
ifneq ($(CROSS_COMPILE),)
# where that machine's libraries and headers are: what `make sysroot` brings, unless said otherwise
SYSROOT ?= $(OUT)/sysroot/root
CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
CPPFLAGS += --sysroot=$(SYSROOT)
LDFLAGS += --sysroot=$(SYSROOT)
# and nothing of this machine's own may answer for it
PKG_CONFIG := PKG_CONFIG_PATH= PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLET)/pkgconfig:$(SYSROOT)/usr/lib/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config
endif
ALL_CFLAGS = -std=gnu11 -g -pthread $(WARNINGS) $(CFLAGS.$(MODE)) $(CFLAGS)
ALL_LDFLAGS = -pthread $(LDFLAGS.$(MODE)) $(LDFLAGS)
LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS)) -ldl

LIB_SRC := $(wildcard src/*/*.c)
CMD_SRC := $(wildcard cmd/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
# the library's door; what these include is installed with them
PUBLIC := $(patsubst %,src/flow/%.h,advice boot delta inspect install pack sign status watchdog) \
  src/base/interrupt.h src/trust/key.h
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$(BUILD)/%.o)
FRONT_OBJ := $(filter-out $(BUILD)/cmd/main.o,$(CMD_OBJ))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: all help deps sysroot check board board-uboot check-board soak demo demo-air demo-sandbox disk waves bench units fuzz \
	fuzz-bins docs format install clean compile-commands
# the link names the mode that was built last, whatever the times of the files say
all: $(BUILD)/ota
	@ln -sfn $(MODE)/ota $(OUT)/ota

help:
	@printf '%s\n' 'make            build/ota' \
	  'make demo       a board in QEMU is updated through U-Boot, and comes back from bad releases' \
	  'make demo-air   its last act alone: a control loop in a container goes to v2 without a missed beat' \
	  'make demo-sandbox  a device in a folder goes from one Debian image to the next, and back' \
	  'make disk       a whole disk of a Debian image, ready to flash: build/disk/disk.img' \
	  'make check      every test, with a count at the end' \
	  'make check-board  updates on an arm64 board in QEMU, through U-Boot; CASES= for some of them' \
	  'make soak       power cuts there at random instants, for HOURS=1' \
	  'make waves      a rollout in waves to DEVICES=1000 devices, and what it costs the server' \
	  'make bench      ota and its peers side by side, on Debian images: build/bench/table.md' \
	  'make deps       install the Debian packages that a build needs' \
	  'make install    DESTDIR=, PREFIX=$(PREFIX)' \
	  'make sysroot    with CROSS_COMPILE=aarch64-linux-gnu-: libraries to build with for that machine' \
	  'make fuzz       fuzz each parser for FUZZ_SECONDS=60' \
	  'make format     clang-format;  make docs: synopsis, options, completions from the table' \
	  'MODE=release|asan|cover|fuzz selects how it is built (below build/MODE)' \
	  'CROSS_COMPILE=aarch64-linux-gnu- builds for another machine (below build/TRIPLET/MODE)'

$(BUILD)/src/flow/policy.o: CPPFLAGS += -DOTA_BUILD_TIME=$(BUILD_TIME)
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libota.a: $(LIB_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/ota: $(CMD_OBJ) $(BUILD)/libota.a
	$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/ota-docs: $(BUILD)/man/docs.o $(BUILD)/man/completions.o $(FRONT_OBJ) $(BUILD)/libota.a
	$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(FRONT_OBJ) $(BUILD)/libota.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -lcmocka -o $@

# a fuzz target links libFuzzer under MODE=fuzz, else the small main that replays its corpus
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(if $(filter fuzz,$(MODE)),,$(BUILD)/tests/fuzz/replay.o) \
		$(FRONT_OBJ) $(BUILD)/libota.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) $^ $(LIBS) -o $@

units: $(UNIT_BIN)
fuzz-bins: $(FUZZ_BIN)

deps:
	@test-images/packages.sh build

sysroot:
	@test-images/cross.sh $(TRIPLET) $(OUT)/sysroot

check:
	@test-images/packages.sh check
	@tests/run.sh

# what an arm64 board boots: kept in build/board
board:
	@test-images/packages.sh board
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@$(MAKE) --no-print-directory -s CROSS_COMPILE=aarch64-linux-gnu- sysroot
	@$(MAKE) --no-print-directory -s -j$$(nproc) CROSS_COMPILE=aarch64-linux-gnu- all
	@OTA=$(CURDIR)/build/ota OTA_ARM64=$(CURDIR)/build/aarch64-linux-gnu/ota \
	  test-images/board.sh build/board >/dev/null

# with the boot script's native form, in a U-Boot of our own options
board-uboot: board
	@test-images/packages.sh uboot
	@test-images/uboot.sh build/board/uboot

check-board: board-uboot
	@tests/qemu/board.py $(CASES)

soak: board
	@HOURS=$(or $(HOURS),1) tests/qemu/board.py cuts

demo: board
	@tests/qemu/demo.py
	@$(MAKE) --no-print-directory -s demo-air

# who is not root, or has no runc, is told so
demo-air:
	@[ "$$(id -u)" -ne 0 ] || test-images/packages.sh build air
	@$(MAKE) --no-print-directory -s all
	@OTA='$(CURDIR)/build/ota' BUILD='$(CURDIR)/build' test-images/demo-air.sh

demo-sandbox:
	@test-images/packages.sh build demo
	@$(MAKE) --no-print-directory -s all
	@OTA='$(CURDIR)/build/ota' BUILD='$(CURDIR)/build' test-images/demo-sandbox.sh

disk:
	@test-images/packages.sh build demo
	@$(MAKE) --no-print-directory -s all
	@OTA='$(CURDIR)/build/ota' test-images/disk.sh build/demo/images build/disk

waves:
	@test-images/packages.sh check
	@$(MAKE) --no-print-directory -s all
	@OTA='$(CURDIR)/build/ota' tests/bench/waves.sh

bench:
	@test-images/packages.sh bench
	@$(MAKE) --no-print-directory -s all
	@OTA='$(CURDIR)/build/ota' BUILD='$(CURDIR)/build/bench' tests/bench/bench.sh

fuzz:
	@test-images/packages.sh check
	@$(MAKE) --no-print-directory -s MODE=fuzz fuzz-bins
	@tests/fuzz/fuzz.sh build/fuzz/fuzz $${FUZZ_SECONDS:-60}

docs: $(BUILD)/ota-docs
	$< man completions

format:
	clang-format -i $(LIB_SRC) $(CMD_SRC) $(wildcard src/*/*.h cmd/*.h man/*.c tests/*/*.[ch] test-images/*/*.[ch])

install: UNITS := $(DESTDIR)$(UNITDIR)
install: SHARE := $(DESTDIR)$(PREFIX)/share/ota
install: HEADERS = $(sort $(filter src/%,$(shell $(CC) $(CPPFLAGS) -MM $(PUBLIC))))
install: $(BUILD)/ota
	install -Dm755 $(BUILD)/ota $(DESTDIR)$(PREFIX)/bin/ota
	install -Dm644 $(BUILD)/libota.a $(DESTDIR)$(LIBDIR)/libota.a
	for h in $(HEADERS:src/%=%); do \
	  install -Dm644 src/$$h $(DESTDIR)$(PREFIX)/include/ota/$$h || exit; done
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's#@PREFIX@#$(PREFIX)#; s#@LIBDIR@#$(LIBDIR:$(PREFIX)/%=$${prefix}/%)#; s#@VERSION@#$(VERSION)#' \
	  -e 's#@PKGS@#$(LIB_PKGS)#' src/libota.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/libota.pc
	install -m755 contrib/ota-update contrib/ota-boot contrib/ota-containers $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -Dm644 completions/ota.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ota
	install -Dm644 completions/_ota $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ota
	install -Dm644 completions/ota.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ota.fish
	install -d $(UNITS) $(SHARE)/openrc $(SHARE)/sysvinit $(SHARE)/examples
	install -m644 contrib/systemd/* $(UNITS)
	install -m755 contrib/openrc/* $(SHARE)/openrc
	install -m755 contrib/sysvinit/ota-* $(SHARE)/sysvinit
	install -m644 contrib/sysvinit/ota.inittab $(SHARE)/ota.inittab
	sed -i 's#\([=:]\)/usr/local/bin/#\1$(PREFIX)/bin/#' $(UNITS)/ota-*.service $(SHARE)/openrc/* $(SHARE)/ota.inittab
	install -m644 contrib/examples/compose.yaml $(SHARE)/examples/compose.yaml
	install -Dm755 contrib/hooks/on-battery $(SHARE)/hooks/on-battery
	install -m755 contrib/factory.sh $(SHARE)/factory.sh
	install -m755 contrib/ota-updater $(SHARE)/ota-updater
	install -m644 contrib/cron.example contrib/cron-containers.example $(SHARE)
	install -d $(DESTDIR)$(SYSCONFDIR)/ota/trust.d

clean:
	rm -rf $(addprefix $(OUT)/,release asan cover fuzz ota)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
