# `make` alone lists the targets. Every target sets up .venv first where it is missing or out of date.
PYTHON ?= python3
BIN := .venv/bin
PS ?= ps1
NAME ?= --all
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup demo test test-all bench lab wheel grade assignments lectures reference lint clean
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.installed  ## create .venv and install the course into it
.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vae-edu needs Python 3.11 or later; this is %d.%d. Try: make PYTHON=python3.12" % sys.version_info[:2])'
	@test -x "$(BIN)/python" || $(PYTHON) -m venv .venv || { echo "venv failed: on Debian and Ubuntu, run: sudo apt install python3-venv"; exit 1; }
	"$(BIN)/python" -m pip install --disable-pip-version-check --progress-bar on -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup  ## release, grade three sample students against the trained reference, show one table (a minute)
	vae-edu demo

test: setup  ## every test that a push must pass
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile --no-loadscope-reorder

test-all: setup  ## also what is slow: 20 seeds an exercise, the full reference protocol, the benchmarks
	OMP_NUM_THREADS=1 VAE_EDU_SEEDS=20 pytest -n 2 --dist loadfile --no-loadscope-reorder -m "slow or not slow"
	$(MAKE) bench

bench: setup  ## measure speed, as ratios within one run
	pytest tests/benchmarks -o addopts= --benchmark-only --benchmark-columns=median,iqr,rounds -q -s

lab: setup  ## open JupyterLab at the first lecture of a working copy (vae-course/), which git ignores and nothing overwrites
	vae-edu start vae-course
	jupyter lab vae-course/lectures/00_start_here.ipynb --ServerApp.root_dir=.

wheel: setup  ## build what students install, without the solutions, into dist/
	@changed=$$(git status --porcelain -- lectures assignments) && test -z "$$changed" || { printf '%s\n' \
		"These would be handed out as they are now; commit them, or undo with: git checkout -- lectures assignments" "$$changed"; exit 1; }
	python -m pip wheel --disable-pip-version-check --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

grade: setup  ## grade a problem set: make grade PS=ps1
	vae-edu grade $(PS)

assignments: setup  ## make the students' notebooks from solutions/
	vae-edu release

lectures: setup  ## run all lectures and store their outputs
	vae-edu lectures

reference: setup  ## train one reference: make reference NAME=vae-mnist; all of them, several at once, into runs/store: NAME=--all (the default)
	vae-edu reference train $(NAME)

lint: setup  ## style and unused code
	ruff check vae_edu tests
	ruff format --check vae_edu tests

clean:  ## remove what the targets made (not the data, not the classroom)
	rm -rf .venv demo dist .pytest_cache .ruff_cache .benchmarks *.egg-info
