PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TEST_PACKAGES := chromium ffmpeg fonts-dejavu-core opencv-doc
WALKERS := /usr/share/doc/opencv-doc/examples/data/vtest.avi
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: run test lint bench fuzz format lock clean weights browser

run: $(READY) weights ## start the dashboard; PORT=8600 chooses its port
	@$(BIN)/segdeck run $(if $(PORT),--port $(PORT))

test: $(READY) weights browser ## every test, also those in a real browser
	@$(BIN)/python -m pytest

lint: $(READY) ## style, types, import layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) weights ## speed and memory, as ratios
	@$(BIN)/python -m tests.bench

fuzz: $(READY) weights ## five minutes of odd and hostile input; "python -m tests.fuzz --help" for more
	@$(BIN)/python -m tests.fuzz

format: $(READY)
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: ## pin the newest versions that fit pyproject.toml
	@$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --all-extras --universal --generate-hashes \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock

clean: ## remove all that was set up, but not the weights
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/screenshots
	find . -name __pycache__ -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Segdeck needs Python 3.11 or newer; set PYTHON=...")'
	@echo "Setting up .venv (a minute, once) ..."
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

weights: $(READY)
	@$(BIN)/segdeck models install selfie || echo "Going on without the network; the colour methods work."

browser:
	@command -v chromium >/dev/null && command -v ffprobe >/dev/null && [ -e $(WALKERS) ] || \
	if command -v apt-get >/dev/null; then \
		$(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq $(TEST_PACKAGES) >/dev/null; \
	else \
		$(BIN)/playwright install chromium; \
	fi
