# Every target does its own set-up: a virtual environment in .venv with the pinned requirements.
# The only things needed beforehand are make, git and Python 3.11 or newer.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCTREES := _build/.doctrees
BUILT := _build/html/.complete
BROWSER := $(VENV)/.browser
FONT := $(VENV)/.font
SANDBOX := $(VENV)/.sandbox
# Processes that share the tests, a file each at a time: what a file makes for its tests is made once. More than two
# gain nothing on two cores: grading starts processes of its own.
JOBS ?= 2

# A thread with nothing to do sleeps: on a busy machine, spinning made a training step eight times slower.
export OMP_WAIT_POLICY ?= PASSIVE

# Not `$(MAKE)` in a rule, which `make -n` would not only print.
AGAIN := $(MAKE) --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help book serve test lab exercises bench pictures figures lint format clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A warning comes once, when its page is read: after a build that failed or was stopped, all pages are read again. What
# chapters gave when they were executed is kept in _build/.executed all the same.
book: $(STAMP) $(FONT)  ## execute what has changed in the chapters and build the site into _build/html
	@test -f $(BUILT) || rm -f $(DOCTREES)/environment.pickle
	@rm -f $(BUILT)
	$(BIN)/jb build book --config _config.yml --path-output . -W -n --keep-going
	@touch $(BUILT)
	@echo "The book is in _build/html; open _build/html/index.html, or run 'make serve'."

serve: $(STAMP)  ## serve the book at http://127.0.0.1:8000 (PORT= to change); build again on each save
	@$(BIN)/python -m book_tools.serving --port $(PORT) -- $(AGAIN) book

# A thread each: more than there are cores would wait for each other.
test: export OMP_NUM_THREADS ?= 1
test: $(STAMP) $(FONT) $(BROWSER) $(SANDBOX)  ## run every test
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

lab: $(STAMP)  ## open JupyterLab on the student's notebooks
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) exercises

exercises: $(STAMP)  ## regenerate exercises/ from solutions/
	$(BIN)/course release

bench: $(STAMP) $(SANDBOX)  ## run the benchmarks; results go to bench/results
	$(BIN)/python -m bench

pictures: $(STAMP) $(BROWSER) $(SANDBOX)  ## play a term with a made-up class for the pictures in the instructor's guide
	$(BIN)/python -m book_tools.term.pictures

# Only for who changes a figure: the bundles are committed, and everything else works without Node.
figures:  ## bundle the interactive figures again (needs Node and npm)
	cd src/book_tools/figures/js && npm ci --silent --no-audit --no-fund && npm run --silent build

lint: $(STAMP)  ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)  ## put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## delete everything built, and the virtual environment
	rm -rf _build $(VENV) src/*.egg-info
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is older: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(MAKE) --no-print-directory system PACKAGES=python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The browser tests drive the system's Chromium or Chrome. Where there is none: Debian's if we may install it, else
# Playwright's own.
$(BROWSER): $(STAMP)
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && found=yes; done; \
	if [ -n "$$found" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(MAKE) --no-print-directory system PACKAGES=chromium; \
	else $(BIN)/playwright install chromium; fi
	@touch $@

# Figures have Chinese labels. Without a Chinese font they are boxes, which is no reason not to build the book.
$(FONT): $(STAMP)
	@if $(BIN)/python -m book_tools.fonts; then touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && $(MAKE) --no-print-directory system PACKAGES=fonts-noto-cjk && $(BIN)/python -m book_tools.fonts --forget; then touch $@; \
	else echo "No Chinese font is installed: Chinese labels in figures will be boxes (Debian: fonts-noto-cjk)." >&2; fi

# Submissions are graded inside bubblewrap. The tests of the sandbox are skipped where there is none.
$(SANDBOX): $(STAMP)
	@if command -v bwrap >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(MAKE) --no-print-directory system PACKAGES=bubblewrap; \
	else echo "The sandbox's tests are skipped: install bubblewrap (Debian: apt install bubblewrap)." >&2; fi
	@touch $@

.PHONY: system
system:
	@if [ "$$(id -u)" != 0 ]; then echo "Install these packages first: $(PACKAGES)" >&2; exit 1; fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) </dev/null
