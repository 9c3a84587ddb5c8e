# The commands of the house. CI runs `make test` and nothing else, so what passes here passes there.
# Tools are installed by tests/tools/prepare.sh: Debian packages by apt, the rest at pinned versions into .tools/.
SHELL := /bin/bash
MINUTES ?= 10
KILLS ?= 200
UPLOADS ?= 1000
SOAK_MINUTES ?= 50
MONEY_MINUTES ?= 60

.PHONY: help run test lint fuzz fuzz-parsers soak soak-crash soak-uploads soak-money bench bench-matches bench-money accuracy openapi deny advisories models samples

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: ## build and start everything in one process, with a believable city
	@tests/tools/prepare.sh build
	@tests/tools/prepare.sh models
	cargo build --locked --bin huzhu
	HUZHU_DOCUMENTS__MODELS_DIR="$${HUZHU_DOCUMENTS__MODELS_DIR:-.tools/models}" cargo run --quiet --locked --bin huzhu -- run --demo

test: ## everything, on SQLite and PostgreSQL (some 30 minutes on 2 cores)
	@tests/tools/test.sh

lint: ## format, clippy, dependency rules, shell and unit files: the quick half of test
	@tests/tools/prepare.sh build
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	python3 tests/tools/deny.py

openapi: ## write openapi/huzhu.json from the code
	cargo run --quiet --locked --bin huzhu -- openapi > openapi/huzhu.json.new
	mv openapi/huzhu.json.new openapi/huzhu.json

fuzz: ## schemathesis against a demo for MINUTES (10)
	@tests/tools/prepare.sh all
	@tests/tools/on_demo.sh tests/fuzz/fuzz.sh $$(( $(MINUTES) * 60 ))

fuzz-parsers: ## search for files, forms and messages on which a parser fails, MINUTES (10) for each of six; KEEP=--keep adds what was reached to the corpus
	@tests/tools/prepare.sh fuzz
	@tests/parsers/fuzz.sh $(MINUTES) $(KEEP)

soak: ## KILLS (200) crashes of service, worker or bank on each database, while the line to the bank is cut
	@tests/tools/prepare.sh all
	@tests/tools/with_postgres.sh tests/crash/crash.sh $(KILLS)

soak-crash: ## the same with 500 crashes on each
	@$(MAKE) --no-print-directory soak KILLS=500

soak-uploads: ## UPLOADS (1000) over bad lines and KILLS (200) amid them; goes on where SOAK_MINUTES (50) ended it: .tools/soak-uploads/
	@tests/tools/prepare.sh all
	@tests/tools/with_postgres.sh tests/uploads/own_service.sh soak $(UPLOADS) $(KILLS) $(SOAK_MINUTES)

soak-money: ## an hour of the money code played through (builds for release first); MONEY_MINUTES (60)
	cargo build --release --locked --bin huzhu
	cargo run --quiet --release --locked --bin huzhu -- simulate --enumerate --seeds 1000000000 --orders 20 --minutes $(MONEY_MINUTES)

bench: ## copies of a photograph beside libvips', submissions and status reads a second beside their floors, memory, time to ready (builds for release first)
	@tests/tools/prepare.sh all
	@tests/tools/prepare.sh bench
	@tests/tools/with_postgres.sh tests/bench/bench.sh

bench-money: ## a quarter's payments written to files, and a statement of a million entries taken, beside their floors (builds for release first)
	@tests/tools/prepare.sh all
	@tests/tools/with_postgres.sh tests/bench/money.sh

bench-matches: ## what finding a page by its print costs at 1 and 5 million keys on both databases
	@tests/tools/prepare.sh all
	@tests/tools/with_postgres.sh tests/bench/matches.sh

accuracy: ## how many QR codes and fields are read on generated documents, how right advice is, and which photographs are taken for one page (builds for release first): .tools/accuracy/
	@tests/tools/prepare.sh samples
	@tests/tools/prepare.sh models
	@tests/accuracy/accuracy.sh

deny: ## licences, bans and sources by cargo-deny (builds it once, some minutes)
	@tests/tools/prepare.sh deny
	.tools/cargo/bin/cargo-deny --locked check bans licenses sources

advisories: ## known faults of dependencies by cargo-deny (fetches RustSec's database)
	@tests/tools/prepare.sh deny
	.tools/cargo/bin/cargo-deny --locked check advisories

models: ## fetch the two models that read print, by their hashes: .tools/models/
	@tests/tools/prepare.sh models

samples: ## draw the sample photographs again
	@tests/tools/prepare.sh samples
	.tools/samples/bin/python samples/make.py
