# The words of daily work; each is a line or two over CMake's presets. See HACKING.md.

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 30
# RocksDB is not instrumented; children are started by threads too.
TSAN_OPTIONS ?= ignore_noninstrumented_modules=1 die_after_fork=0 suppressions=$(CURDIR)/tests/tsan-suppressions.txt
DEV = cmake --preset dev >/dev/null && cmake --build --preset dev
RELEASE = cmake --preset release >/dev/null && cmake --build --preset release

.PHONY: build test demo check stress bench install asan tsan fuzz tidy format

build:
	scripts/install-deps build
	$(RELEASE)

test:
	scripts/install-deps test
	scripts/dynamodb-local path
	scripts/peers
	scripts/peers clients
	scripts/peers deploy
	scripts/peers onetable-migrate
	scripts/peers onetable-1
	scripts/peers typescript
	scripts/peers state-machine
	$(DEV)
	scripts/run_tests build/dev -LE slow -j2

demo: build
	scripts/demo

check:
	scripts/install-deps check
	scripts/check
	$(DEV) --target all_verify_interface_header_sets linkcheck
	tests/checks/checks_fire.py

stress:
	scripts/install-deps test
	scripts/install-deps arm64
	$(DEV)
	scripts/run_tests build/dev -L slow

bench: build
	scripts/install-deps test
	$(RELEASE) --target bench
	@for program in build/release/bench/*; do \
	    if [ -x "$$program" ]; then "$$program" || exit 1; fi; \
	done
	bench/run
	bench/servers

install: build
	cmake --install build/release --prefix "$(PREFIX)"

asan tsan:
	scripts/install-deps check
	cmake --preset $@ >/dev/null && cmake --build --preset $@
	TSAN_OPTIONS="$(TSAN_OPTIONS)" scripts/run_tests build/$@ -LE slow

fuzz:
	scripts/install-deps check
	cmake --preset $@ >/dev/null && cmake --build --preset $@ --target $@
	scripts/fuzz build/$@ $(FUZZ_SECONDS)

tidy:
	scripts/install-deps check
	cmake --workflow --preset tidy

format:
	find src apps tests bench examples \( -name '*.cpp' -o -name '*.hpp' \) -print0 | \
	    xargs -0 -r clang-format -i
