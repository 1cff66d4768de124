PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: demo test check bench setup clean

demo: setup            # set up, start four nodes, mint, grant, burn, sign a prime; ARGS="--once" ends by itself
	@$(BIN)/votive demo $(ARGS)

test: setup            # set up, then every test; ARGS="-k words" for some
	@cargo test --release --locked --workspace --exclude votive-py --quiet
	@$(BIN)/python -m pytest $(ARGS)

check: setup           # every static check, each with its command
	@$(BIN)/python tools/check.py

bench: setup           # measure; prints a table and writes bench-results/*.json
	@$(BIN)/python -m benches $(ARGS)

setup:                 # .venv with the dependencies and the Rust core; does only what is not done yet
	@$(PYTHON) tools/bootstrap.py

clean:                 # forget everything that was built
	rm -rf .venv .tools target contracts/node_modules tests/conformance/node_modules examples/lit-sdk/node_modules src/votive/core/*.so
