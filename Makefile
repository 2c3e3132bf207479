# Porchlight. `make help` lists what there is to make.
# Everything built is below build/: $(B) is the flavour, chosen by the targets.

B      ?= build/release
PREFIX ?= /usr
ifeq ($(origin CC),default)
CC = gcc
endif

DEPS_BUILD = gcc make pkg-config libgpiod-dev libevdev-dev libmosquitto-dev libc-ares-dev libsodium-dev libcjson-dev \
             libsystemd-dev libsdl2-dev libsdl2-ttf-dev libsdl2-image-dev libcryptsetup-dev \
             libfribidi-dev libqrencode-dev libjpeg-dev libpng-dev zlib1g-dev libssl-dev libcurl4-openssl-dev libtss2-dev
DEPS_RUN   = tzdata mosquitto openssl python3 python3-nacl python3-cryptography fonts-dejavu-core fonts-dejavu-extra xvfb
# What crypttab's units are made by: from Debian 13 on a package of its own.
GENERATORS = systemd $(shell grep -qs '^VERSION_ID="12"' /etc/os-release || echo systemd-cryptsetup)
DEPS_TEST  = libcmocka-dev faketime nut-server nut-client systemd-journal-remote python3-pytest python3-pytest-xdist python3-pytest-rerunfailures python3-paho-mqtt \
             python3-jinja2 cmark-gfm mosquitto-clients procps cryptsetup-bin libfuse3-dev groff-base weston \
             $(GENERATORS) swtpm strace nginx wget iproute2 nftables avahi-daemon \
             apt-utils gpg gpg-agent xz-utils certbot curl pebble zbar-tools minisign e2fsprogs btrfs-progs xfsprogs bindfs
DEPS_PHONE = nodejs nginx chromium chromium-driver python3-selenium \
             python3-wsproto mmdebstrap debian-archive-keyring
DEPS_BOARD = qemu-system-arm qemu-utils mmdebstrap debian-archive-keyring gcc-aarch64-linux-gnu systemd kmod \
             cpio e2fsprogs cryptsetup-bin qemu-user-static mtools fdisk zstd
DEPS_DEB   = build-essential cmark-gfm debhelper fakeroot lintian
DEPS_LONG  = rabbitmq-server util-linux mmdebstrap debian-archive-keyring user-mode-linux lvm2 mdadm \
             thin-provisioning-tools f2fs-tools dosfstools nilfs-tools $(DEPS_OLD)
# What 0.1.0 is built with, beside which benches and long tests measure.
DEPS_OLD   = libinih-dev
DEPS_FUZZ  = clang nodejs
DEPS_LINT  = clang-format clang-tidy cppcheck shellcheck python3-pyflakes git

WARN   = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wformat=2 -Wvla -Werror
HARDEN = -fstack-protector-strong $(if $(findstring -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=2) -fPIE
ASAN   = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# CFLAGS, CPPFLAGS and LDFLAGS are yours, on the command line too; what the sources need is added to
# them: by BUILD_FLAGS to the compiler, by LINK_FLAGS to the linker.
ifeq ($(SANITIZE),1)
# Built in two thirds of the time; sanitizers name lines and functions, which -g1 has.
CFLAGS  ?= -O1 -g1
endif
CFLAGS  ?= -O2 -g
# 32-bit machines: files beyond 2 GB, and times beyond 2038.
WIDE     = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
ifeq ($(SANITIZE),1)
EXTRA    = $(ASAN) -fPIE
else ifeq ($(SANITIZE),fuzz)
EXTRA    = $(ASAN) -fsanitize=fuzzer-no-link -fPIE
else
# Nothing unwinds a stack at run time but sanitizers; a debugger has what it needs in the debug information.
EXTRA    = $(HARDEN) -fno-asynchronous-unwind-tables
endif
# What a program does not call is left out of it: each is linked with whole rooms.
BUILD_FLAGS = $(CPPFLAGS) $(CFLAGS) -ffunction-sections -fdata-sections -std=c17 -D_GNU_SOURCE $(WIDE) -I. $(WARN) $(EXTRA)
LINK_FLAGS  = $(CFLAGS) $(EXTRA) -pie -Wl,-z,relro,-z,now -Wl,--gc-sections $(LDFLAGS)

PKG_CONFIG ?= pkg-config
GPIOD := $(shell $(PKG_CONFIG) --atleast-version=2 libgpiod 2>/dev/null && echo 2 || echo 1)
comma  = ,
pkg    = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)

# A room's sources, its objects without main.o, and its archive.
src     = $(wildcard $(1)/*.c $(1)/*/*.c)
objects = $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(call src,$(1))))

HW_SRC   = $(filter-out $(if $(filter 2,$(GPIOD)),hw/line_gpiod1.c,hw/line_gpiod2.c),$(call src,hw))
HW       = $(patsubst %.c,$(B)/%.o,$(HW_SRC))
CELLS    = $(filter $(B)/hw/cell%.o,$(HW))
CORE     = $(call objects,kiosk/core)
COMMON   = $(call objects,kiosk/common)
CONFIG   = $(call objects,config)
MQTT     = $(call objects,kiosk/mqtt)

TPM      = tss2-esys tss2-tctildr tss2-rc

# What each program is made of (rooms) and linked with, beyond libc.
PROGRAMS = porchlightd porchlight-screen porchlight-wipe porchlight porchlight-relay porchlight-registrar
porchlightd_DIR       = kiosk/alertd
porchlightd_OBJ       = $(filter-out $(CELLS),$(HW)) $(MQTT) $(CONFIG) $(CORE) $(COMMON)
porchlightd_LIB       = $(call pkg,libgpiod libevdev libmosquitto libcares libsodium libcjson libssl libcrypto) -pthread
porchlight-screen_DIR = kiosk/screen
porchlight-screen_OBJ = $(CONFIG) $(CORE) $(COMMON)
porchlight-screen_LIB = $(call pkg,sdl2 SDL2_ttf SDL2_image libjpeg zlib fribidi libqrencode libsodium libcjson) -lm
porchlight-wipe_DIR   = kiosk/wipe
porchlight-wipe_OBJ   = $(CELLS) $(CONFIG) $(CORE) $(COMMON)
porchlight-wipe_LIB   = $(call pkg,libsodium libcryptsetup libsystemd libcjson libcrypto $(TPM))
porchlight_DIR        = kiosk/cli
porchlight_OBJ        = $(HW) $(MQTT) $(CONFIG) $(CORE) $(COMMON)
porchlight_LIB        = $(call pkg,libgpiod libevdev libmosquitto libcares libsodium libcjson libcryptsetup libqrencode libpng libssl libcrypto $(TPM)) -pthread
porchlight-relay_DIR  = kiosk/relay
porchlight-relay_OBJ  = $(MQTT) $(CONFIG) $(CORE) $(COMMON)
porchlight-relay_LIB  = $(call pkg,libmosquitto libcares libcurl libsodium libcjson libssl libcrypto) -pthread
porchlight-registrar_DIR = kiosk/registrar
porchlight-registrar_OBJ = $(MQTT) $(CONFIG) $(CORE) $(COMMON)
porchlight-registrar_LIB = $(call pkg,libmosquitto libcares libcurl libsodium libcjson libssl libcrypto) -pthread

# A program exists once its room has a main.c.
READY = $(foreach p,$(PROGRAMS),$(if $(wildcard $($(p)_DIR)/main.c),$(p)))

all: $(addprefix $(B)/,$(READY))  ## build the programs into build/release

define program
$(1)_ALL = $$(B)/$$($(1)_DIR)/main.o $$(call objects,$$($(1)_DIR)) $$($(1)_OBJ)
$$(B)/$(1): $$($(1)_ALL)
	@mkdir -p $$(@D)
	$$(CC) $$(LINK_FLAGS) -o $$@ $$^ $$($(1)_LIB)
endef
$(foreach p,$(READY),$(eval $(call program,$(p))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BUILD_FLAGS) -MMD -MP -c -o $@ $<

# The assembler takes these in; the compiler's list of what it read has them not.
$(B)/kiosk/cli/templates.o: config/porchlight.conf config/broker/mosquitto.conf.in \
    config/broker/outside.sh config/outside/install.sh config/proxy/nginx.conf.in config/relay.conf \
    config/push/relay.sh config/push/ntfy.yml.in $(wildcard config/cards/*.in) \
    config/what-to-do.conf $(wildcard config/cards/cues/*.png) $(wildcard kiosk/phone/words/*.json)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# porchlightd without its outbox: shows that the fault harness can fail.
$(B)/porchlightd-forgetful: $(B)/tests/faults/forgetful.o $(filter-out %/outbox.o,$(porchlightd_ALL))
	$(CC) $(LINK_FLAGS) -o $@ $^ $(porchlightd_LIB)

# Simulated nights (tests/nights/README.md): the daemons' own objects, with the world in place of the
# modules that meet it, and of what the rest asks of libc. A flavour of its own: fortified calls have
# other names, which --wrap would miss.
NIGHTS_B    = build/nights
NIGHTS_SRC  = $(wildcard tests/nights/*.c)
NIGHTS_REAL = $(call objects,kiosk/alertd) $(CORE) $(CONFIG) $(COMMON) \
              $(filter-out %/dial.o %/host.o %/lookup.o %/race.o %/tls.o,$(MQTT)) $(B)/kiosk/cli/phone_receive.o \
              $(addprefix $(B)/kiosk/relay/,relay.o inbound.o ring_policy.o push_registration.o ring_kept.o root_kept.o)
NIGHTS_NOT  = $(addprefix $(B)/kiosk/common/,log.o unix_socket.o) $(B)/kiosk/alertd/trouble_file.o
NIGHTS_WRAP = malloc calloc realloc free sodium_malloc sodium_free sodium_mlock sodium_munlock \
              clock_gettime time adjtimex pthread_create pthread_join pthread_detach pthread_clockjoin_np \
              pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock pthread_mutex_unlock \
              pthread_cond_init pthread_cond_destroy pthread_cond_wait pthread_cond_clockwait \
              pthread_cond_signal pthread_cond_broadcast poll eventfd timerfd_create timerfd_settime \
              read write close open64 fstat64 pread64 pwrite64 posix_fadvise64 fsync fdatasync \
              setsockopt alert_step alert_resume ring_policy_word ring_policy_root \
              $(addprefix crypto_,sign_detached sign_verify_detached box_seal box_seal_open \
              sign_ed25519_pk_to_curve25519 sign_ed25519_sk_to_curve25519 \
              scalarmult scalarmult_base aead_xchacha20poly1305_ietf_encrypt aead_xchacha20poly1305_ietf_decrypt)
$(B)/nights: $(patsubst %.c,$(B)/%.o,$(NIGHTS_SRC)) $(filter-out $(NIGHTS_NOT),$(NIGHTS_REAL))
	$(CC) $(LINK_FLAGS) $(addprefix -Wl$(comma)--wrap=,$(NIGHTS_WRAP)) -o $@ $^ \
	    $(call pkg,libsodium libcjson) -pthread

# Every parser of bytes from outside, under libFuzzer (tests/fuzz/fuzz.h): these files, and what they
# call.
FUZZ_B     = build/fuzz
FUZZ_SRC   = $(wildcard tests/fuzz/*.c)
FUZZ_PARTS = $(addprefix hw/,line_address line_edges sim/sim_command sim/sim_line) \
             $(addprefix kiosk/alertd/,button_payload control members/roster members/staff sealer) \
             $(addprefix kiosk/cli/,conf_edit files locked_memory passphrase prompt print \
               backup/backup_file backup/backup_read backup/same_card keys/broker_ca keys/keyset \
               keys/root_paper keys/venue_sheet members/spare_accounts sealing/book_file \
               sealing/sealing vault/vault_file) \
             kiosk/mqtt/host kiosk/mqtt/manners \
             $(addprefix kiosk/registrar/,broker_admin dynsec_admin ledger rabbit_admin rabbit_orders rabbit_request rabbit_rights registrar_conf) \
             $(addprefix kiosk/relay/,gone ntfy relay_conf ring_kept root_kept subs vapid webpush webpush_request webpush_sender webpush_services) \
             $(addprefix kiosk/screen/,bidi cue_client exif ics ics_replaced ics_rule ics_time language panel programme) \
             $(addprefix kiosk/wipe/,io luks_facts place place_disk plan plan_read progress remembered)
$(B)/fuzzer: $(patsubst %.c,$(B)/%.o,$(FUZZ_SRC)) $(patsubst %,$(B)/%.o,$(FUZZ_PARTS)) $(CORE) $(COMMON) $(CONFIG)
	$(CC) $(LINK_FLAGS) -fsanitize=fuzzer -o $@ $^ $(call pkg,libsodium libcjson libcurl \
	    libcrypto libcares libmosquitto fribidi zlib) -lm -pthread

# Unit tests: tests/unit/ROOM/test_X.c links the room it tests and what that room may use. WITHOUT
# leaves some out.
UNIT       = $(filter-out $(WITHOUT),$(wildcard tests/unit/*/test_*.c))
UNIT_BIN   = $(patsubst %.c,$(B)/%,$(UNIT))
unit_core   = $(CORE) $(B)/tests/noise/noise.o
unit_common = $(COMMON)
unit_config = $(CONFIG) $(COMMON)
unit_hw     = $(HW) $(CONFIG) $(COMMON) $(B)/tests/kit/input_devices.o
unit_mqtt   = $(MQTT) $(CONFIG) $(COMMON)
unit_alertd = $(call objects,kiosk/alertd) $(porchlightd_OBJ)
unit_screen = $(call objects,kiosk/screen) $(porchlight-screen_OBJ)
unit_wipe   = $(call objects,kiosk/wipe) $(porchlight-wipe_OBJ)
unit_cli    = $(call objects,kiosk/cli) $(porchlight_OBJ)
unit_relay  = $(call objects,kiosk/relay) $(porchlight-relay_OBJ)
unit_registrar = $(call objects,kiosk/registrar) $(porchlight-registrar_OBJ)
UNIT_core   = $(call pkg,libsodium libcjson) -lm
UNIT_common = $(call pkg,libcjson) -pthread
UNIT_config = $(call pkg,libsodium libcjson)
UNIT_hw     = $(call pkg,libgpiod libevdev libsodium libcjson $(TPM)) -pthread
UNIT_mqtt   = $(call pkg,libmosquitto libcares libsodium libcjson libssl libcrypto) -pthread
UNIT_alertd = $(porchlightd_LIB)
UNIT_screen = $(porchlight-screen_LIB) $(call pkg,libpng)
UNIT_wipe   = $(porchlight-wipe_LIB)
UNIT_cli    = $(porchlight_LIB)
UNIT_relay  = $(porchlight-relay_LIB)
UNIT_registrar = $(porchlight-registrar_LIB)

room = $(notdir $(patsubst %/,%,$(dir $(1))))
.SECONDEXPANSION:
$(UNIT_BIN): $(B)/%: $(B)/%.o $$(unit_$$(call room,$$*))
	$(CC) $(LINK_FLAGS) -o $@ $^ $(UNIT_$(call room,$*)) $(call pkg,cmocka)

# Whatever a target needs is installed first; make then starts again, as pkg-config may know more.
JOBS   ?= $(shell nproc)
AGAIN   = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
ASAN_B  = SANITIZE=1 B=build/asan
PYTHON  = /usr/bin/python3
PYTEST  = $(PYTHON) -m pytest -p no:cacheprovider -q
export PYTHONPYCACHEPREFIX = $(CURDIR)/build/pycache
# Or each worker of pytest would compile all tests, for five seconds.
unexport PYTHONDONTWRITEBYTECODE

run: deps-run  ## a whole kiosk on this machine, in a folder below build/
	+@$(AGAIN) -s all
	@$(PYTHON) -m tests.run

PROGRAM_TESTS = tests/nights tests/faults tests/vectors tests/e2e
.PHONY: tests-compiled
tests-compiled: deps-test # once, for all workers
	@$(PYTEST) --collect-only $(PROGRAM_TESTS) tests/phone >/dev/null

test: test-programs test-page  ## unit and end-to-end tests, with ASan and UBSan

test-programs: deps-test page  ## the same without the page in a browser
	+@$(AGAIN) nights-build
	+@$(AGAIN) $(ASAN_B) all build/asan/porchlightd-forgetful unit-run
	@BUILD=build/asan $(PYTEST) -n 12 $(PROGRAM_TESTS)

# What depends most on a release's libraries: resolver, TLS, MQTT, GPIO, device-mapper, SDL, systemd.
LIBRARIES = names paths certificates own_messages broken inputs outputs input_devices uplinks registrar \
            screen screen_bad wipe wipe_luks vault backup boot_order units setup_starts troubles
test-libraries: deps-test page  ## unit tests, and the end-to-end tests that depend most on a release's libraries
	+@$(AGAIN) $(ASAN_B) all build/asan/porchlightd-forgetful unit-run
	@BUILD=build/asan $(PYTEST) -n 8 $(LIBRARIES:%=tests/e2e/test_%.py)

test-page: deps-test page  ## the members' page in a browser, the relay, the broker's rights
	+@$(AGAIN) $(ASAN_B) all
	@BUILD=build/asan $(PYTEST) -n 6 tests/phone

test-long: deps-test deps-long  ## what takes longer than a coffee: sweeps, matrices, crowds
	+@$(AGAIN) $(ASAN_B) all units
	@BUILD=build/asan $(PYTEST) tests/long

wipe-table: deps-test deps-long  ## build/wipe-places.md: what plan, doctor, drill and wipe say where, and what is left on the disk
	+@$(AGAIN) -s all
	@$(PYTHON) -m tests.kit.wipe_table begin
	@$(PYTEST) -n 2 tests/e2e/test_wipe_places.py tests/long/test_wipe_conditions.py tests/long/test_wipe_storage.py
	@$(PYTHON) -m tests.kit.wipe_table

COUNT ?= 1000
WORLD ?= $(shell expr $(COUNT) \* 3 / 10)
faults: deps-test  ## COUNT=1000 random schedules of faults and WORLD=300 with those of DNS, brokers, clocks
	+@$(AGAIN) -s all
	@$(PYTHON) -m tests.faults --count $(COUNT) --world $(WORLD)

SEED    ?= $(shell date +%s)
SECONDS ?= 0
.PHONY: nights nights-build
nights-build:
	+@$(AGAIN) -s B=$(NIGHTS_B) HARDEN= $(NIGHTS_B)/nights

nights: deps-build  ## COUNT=1000 SEED=S simulated nights of the whole system, or SECONDS=120 of them
	+@$(AGAIN) nights-build
	@$(NIGHTS_B)/nights --known tests/nights/known --seed $(SEED) $(if $(filter 0,$(SECONDS)),--count $(COUNT),--seconds $(SECONDS))

.PHONY: fuzz fuzz-build fuzz-planted
fuzz-build:
	+@$(AGAIN) -s SANITIZE=fuzz B=$(FUZZ_B) CC="$(FUZZ_CC)" CFLAGS="-O1 -g" $(FUZZ_B)/fuzzer

FUZZ_CC = clang
fuzz: deps-fuzz page  ## every parser of bytes from outside: SECONDS=60 for each, ONLY="message plan", SAME=1
	+@$(AGAIN) fuzz-build
	@$(PYTHON) -m tests.fuzz --seconds $(if $(filter 0,$(SECONDS)),60,$(SECONDS)) --jobs $(JOBS) $(if $(SAME),--seed $(SAME)) $(ONLY)

fuzz-planted: deps-fuzz  ## whether the fuzzers find faults that are planted, within a minute each
	+@$(AGAIN) fuzz-build
	@$(PYTHON) -m tests.fuzz.planted

ROOM   ?= core
FILES  ?=
.PHONY: mutate
mutate: deps-test  ## how many small faults the unit tests notice: ROOM=core FILES="record.c" COUNT=100
	+@$(AGAIN) -s units
	@nice -n 19 $(PYTHON) -m tests.mutate --room $(ROOM) --files $(FILES) --count $(if $(filter 1000,$(COUNT)),100,$(COUNT)) --jobs $(JOBS)

# The members' page, below build/page. Its parts come from the npm registry, by the lock file.
PAGE_SRC = $(wildcard kiosk/phone/*.* kiosk/phone/core/* kiosk/phone/page/* kiosk/phone/words/*)
page: build/page/index.html  ## the members' page, bundled into build/page
build/page/index.html: $(PAGE_SRC)
	@command -v npm >/dev/null || .ci/need nodejs npm
	cd kiosk/phone && npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
	@mkdir -p build && cd kiosk/phone && node build.mjs $(CURDIR)/build/page

pictures: deps-test page  ## the handbook's pictures, as the screen and the page draw them
	+@$(AGAIN) -s all
	@$(PYTHON) -m tests.pictures

sheets:  ## build/sheets/large-*: every scene, hour, language and panel size, to be looked at
	+@$(AGAIN) -s build/release/tests/unit/screen/test_pictures
	@PORCHLIGHT_SHEETS=1 build/release/tests/unit/screen/test_pictures

# What hosts read, as HTML below build/handbook.
HANDBOOK_SRC = $(wildcard kiosk/handbook/* kiosk/handbook/pictures/* hw/README.md hw/*.svg)
handbook: build/handbook/index.html  ## the handbook as HTML, in build/handbook
build/handbook/index.html: $(HANDBOOK_SRC)
	@command -v cmark-gfm >/dev/null || .ci/need cmark-gfm
	rm -rf build/handbook
	kiosk/handbook/to-html build/handbook

unit:  ## the unit tests alone
	+@$(AGAIN) $(ASAN_B) unit-run

units: $(UNIT_BIN)

# Two tests measure pictures for a minute: they are built as a release is. Others draw the same under sanitizers.
# The longest begin first.
MEASURES = $(filter-out $(WITHOUT),$(addprefix tests/unit/screen/,test_eye.c test_stranger.c))
EXPLORES = $(filter $(B)/tests/unit/core/test_explore_%,$(UNIT_BIN))
unit-run: $(filter-out $(MEASURES:%.c=$(B)/%),$(UNIT_BIN))
	+@$(if $(MEASURES),$(AGAIN) -s SANITIZE= B=build/release $(MEASURES:%.c=build/release/%))
	@$(PYTHON) tests/unit/run.py $(MEASURES:%.c=build/release/%) $(EXPLORES) $(filter-out $(EXPLORES),$^)

board-test: deps-board  ## the whole kiosk in an emulated machine: every case (hours)
	+@$(AGAIN) -s all
	@$(PYTEST) tests/board
	@BOARD_SUITE=bookworm $(PYTEST) tests/board/test_core.py tests/board/test_pi_header.py tests/board/test_presses.py

board-core: deps-board  ## the same: boot, press, screen, power cut, wipe (ten minutes)
	+@$(AGAIN) -s all
	@$(PYTEST) tests/board/test_core.py

bench: deps-bench  ## latency, memory and wake-ups, beside a peer
	+@$(AGAIN) -s all page
	@$(PYTHON) -m tests.bench

bench-scale: deps-bench  ## 1 to 1,000 kiosks with 20,000 phones at one broker, 100 relays; about ten minutes, as root
	+@$(AGAIN) -s all
	@$(PYTHON) -m tests.bench scale

.PHONY: bench-cluster
bench-cluster: deps-test deps-long  ## 100 kiosks with 2,000 phones at three nodes of RabbitMQ, which die during alerts; as root
	+@$(AGAIN) -s all
	@$(PYTHON) -m tests.bench cluster

.PHONY: plots
plots: deps-test  ## the handbook's plots, from what make bench and bench-scale measured last
	@$(PYTHON) -m tests.bench.plots

bench-board: deps-board  ## a GPIO edge in the emulated machine, beside gpiomon and mosquitto_pub; about ten minutes
	+@$(AGAIN) -s all
	@$(PYTHON) -m tests.bench board

# What git knows and what it would take in; the other make of hw/ cannot be parsed on this machine.
tracked = $(shell git ls-files --cached --others --exclude-standard -- $(1) | sort -u)
C_FILES = $(wildcard $(call tracked,'*.c' '*.h'))
C_PARSE = $(filter-out $(filter-out $(HW_SRC),$(call src,hw)),$(filter %.c,$(C_FILES)))
SCRIPTS = $(shell git grep -lE --untracked '^\#!/bin/(ba)?sh')

# clang's analyzer takes seconds a file: it looks at the rooms on which lives hang, the quick checks
# at everything. In each function it follows a third of the states that it would by itself (225,000).
TIDY_DEEP = $(filter kiosk/core/% kiosk/alertd/% kiosk/wipe/%,$(C_PARSE))
STATES    = 75000
tidy = mkdir -p build && printf '%s\n' $(2) | xargs -P $(JOBS) -n 1 sh -c \
    'clang-tidy --quiet $(1) "$$@" -- -std=c17 -D_GNU_SOURCE -I. $(filter -W%,$(WARN)) \
    -Xclang -analyzer-config -Xclang max-nodes=$(STATES)' tidy \
    2>build/tidy.log || { cat build/tidy.log; exit 1; }

lint: deps-lint  ## formatting, include rules, clang-tidy, cppcheck, shellcheck, pyflakes
	+@$(AGAIN) lint-run

lint-run:
	@$(PYTHON) tests/lint/tree.py
	@$(PYTHON) tests/lint/includes.py
	@$(PYTHON) tests/lint/names.py
	@clang-format --dry-run --Werror $(C_FILES)
	@shellcheck -S warning $(SCRIPTS)
	@$(PYTHON) -m pyflakes $(wildcard $(call tracked,'*.py'))
	@$(call tidy,,$(TIDY_DEEP))
	@$(call tidy,--checks=-clang-analyzer-*,$(filter-out $(TIDY_DEEP),$(C_PARSE)))
	@cppcheck -q -j $(JOBS) --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=uninitvar --error-exitcode=1 -D_GNU_SOURCE -I. $(filter-out tests/%,$(C_PARSE))
	@echo "lint: $(words $(C_FILES)) C files, $(words $(SCRIPTS)) scripts: nothing to say"

deps-build: ; @.ci/need $(DEPS_BUILD)
deps-run: ; @.ci/need $(DEPS_BUILD) $(DEPS_RUN)
deps-test: ; @.ci/need $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST) $(DEPS_PHONE)
deps-bench: deps-test ; @.ci/need $(DEPS_OLD)
deps-long: ; @.ci/need $(DEPS_LONG); command -v npm >/dev/null || .ci/need npm
deps-fuzz: ; @.ci/need $(DEPS_BUILD) $(DEPS_FUZZ)
deps-board: ; @.ci/need $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST) $(DEPS_BOARD)
deps-lint: ; @.ci/need $(DEPS_BUILD) $(DEPS_TEST) $(DEPS_LINT)

# Where everything is on a kiosk. DESTDIR moves it, for packages; PREFIX changes /usr.
UNITS     = $(wildcard systemd/*.service systemd/*.socket systemd/*.timer systemd/*.path)
MANUALS   = $(wildcard kiosk/man/*.[1-8])
LANGUAGES = $(wildcard config/languages/*)
TO        = $(DESTDIR)$(PREFIX)
into      = install -D -m $(1) -t $(2) $(3)

.PHONY: install board-test board-core deps-board
install: all handbook  ## programs, units, manuals, the handbook; DESTDIR= and PREFIX= are heeded
	$(call into,755,$(TO)/bin,$(addprefix $(B)/,$(READY)))
	$(call into,644,$(TO)/lib/systemd/system,$(UNITS))
	sed -i 's|=/usr/|=$(PREFIX)/|' $(addprefix $(TO)/lib/systemd/system/,$(notdir $(UNITS)))
	$(call into,755,$(TO)/lib/systemd/system-generators,$(wildcard systemd/*-generator))
	$(call into,755,$(TO)/lib/porchlight,systemd/porchlight-button)
	install -D -m 644 systemd/porchlight.sysusers $(TO)/lib/sysusers.d/porchlight.conf
	install -D -m 644 systemd/porchlight.tmpfiles $(TO)/lib/tmpfiles.d/porchlight.conf
	install -D -m 644 systemd/porchlight.system.conf $(TO)/lib/systemd/system.conf.d/porchlight.conf
	install -D -m 644 systemd/porchlight.upgrades.conf \
	    $(TO)/lib/systemd/system/apt-daily-upgrade.service.d/porchlight.conf
	install -D -m 644 systemd/porchlight.rules $(TO)/lib/udev/rules.d/60-porchlight.rules
	sed -i 's|"/usr/|"$(PREFIX)/|' $(TO)/lib/udev/rules.d/60-porchlight.rules
	$(if $(wildcard config/porchlight.conf),$(call into,644,$(TO)/share/porchlight,config/porchlight.conf config/registrar.conf))
	install -d $(DESTDIR)/etc/porchlight/languages
	$(if $(LANGUAGES),$(call into,644,$(TO)/share/porchlight/languages,$(LANGUAGES)))
	$(call into,644,$(TO)/share/doc/porchlight/handbook,build/handbook/*.*)
	$(call into,644,$(TO)/share/doc/porchlight/handbook/pictures,build/handbook/pictures/*)
	install -D -m 644 kiosk/cli/completion.bash $(TO)/share/bash-completion/completions/porchlight
	$(foreach m,$(MANUALS),$(call into,644,$(TO)/share/man/man$(subst .,,$(suffix $(m))),$(m)) &&) :

# `make deb` for this machine, `make deb ARCH=arm64 SUITE=trixie` for another, `make debs` for all.
ARCH  ?=
SUITE ?=
.PHONY: deb debs deb-here deb-core deb-test
deb:  ## Debian packages, below build/deb: ARCH=arm64 SUITE=trixie
	@.ci/deb $(ARCH) $(if $(ARCH),$(SUITE),$(if $(SUITE),$(shell dpkg --print-architecture) $(SUITE)))

debs:  ## the same for amd64, arm64 and armhf, Debian 12 and 13
	@set -e; for suite in bookworm trixie; do for arch in amd64 arm64 armhf; do \
	    .ci/deb $$arch $$suite; done; done

# Those of this architecture, for both releases; and those of 0.1.0, to upgrade from.
deb-here:
	@.ci/need mmdebstrap debian-archive-keyring
	@set -e; for suite in bookworm trixie; do \
	    .ci/deb $(shell dpkg --print-architecture) $$suite; \
	    .ci/released $(shell dpkg --print-architecture) $$suite; done

# The image's checksums are signed with KEY, as those of a release; URL is where it will be served.
.PHONY: image
image:  ## an image for the card of a Raspberry Pi 3, 4 or Zero 2 W, in build/card: KEY=FILE URL=ADDRESS; as root
	@.ci/deb arm64 trixie
	@KEY="$(KEY)" URL="$(URL)" .ci/image

# Signed by the key in the file KEY, which minisign made.
KEY ?=
.PHONY: release committed
committed:
	@[ -z "$$(git status --porcelain)" ] || { git status --short; \
	    echo "not committed: a release is what git has" >&2; exit 1; }

release: committed debs  ## all packages, what is inside, checksums and signature, in build/dist: KEY=FILE
	@.ci/release "$(KEY)"

# FROM: a folder with a folder of packages for each release; without it all packages are built.
NEXT ?=
URL  ?=
DAYS ?=
FROM ?=
.PHONY: repo repo-key
repo: $(if $(FROM),,debs)  ## a signed apt repository in build/repo, for a stick: KEY=FILE; for a server: URL=ADDRESS too
	@KEY="$(KEY)" NEXT="$(NEXT)" URL="$(URL)" DAYS="$(DAYS)" .ci/repo "$(or $(FROM),build/deb)"

repo-key:  ## a new key to sign a repository with: KEY=FILE
	@.ci/repo key "$(KEY)"

deb-core: deps-test deb-here  ## the packages in booted Debian 12 and 13 trees, from installation to purge
	@$(PYTEST) -s tests/deb/test_booted.py tests/deb/test_outside.py

deb-test: deps-test deb-here  ## the same, and in trees that are not booted; built twice, the same bytes
	@$(PYTEST) -n $(JOBS) --dist loadgroup tests/deb

help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

clean:  ## remove build/
	rm -rf build

.PHONY: all page handbook pictures sheets run test test-programs test-page test-long wipe-table faults unit units unit-run lint lint-run \
        bench bench-scale bench-board help clean deps-build deps-run deps-test deps-long deps-fuzz deps-lint
