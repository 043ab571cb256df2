# One place for every command. `make` alone lists them.
#
#   make VENV=/tmp/venv test     another place for the virtual environment
#   make PYTHON=python3.12 run   another interpreter

VENV ?= .venv
BIN = $(VENV)/bin
PROJECT = pyproject.toml setup.py constraints.txt .ci/install

# A copied or moved checkout must not run the code of the old one: the stamps know the folder.
HERE := $(shell pwd | cksum | cut -d ' ' -f 1)
BASE = $(VENV)/base-$(HERE)
GUI = $(VENV)/gui-$(HERE)
DEV = $(VENV)/dev-$(HERE)

SAMPLE = recordings/street.aedat4
# Where there is a screen, `make run` opens the window, which needs Qt as well.
SCREEN := $(if $(filter Darwin Windows_NT,$(shell uname) $(OS)),yes,$(DISPLAY)$(WAYLAND_DISPLAY))

# $(call check,NAME,COMMAND): say what runs, how long it took, and which check failed.
define check
@printf '\n== $(1)\n'; start=$$(date +%s); \
if $(BIN)/$(2); then printf '   %s s\n' $$(($$(date +%s) - start)); \
else printf '\nmake test: FAILED in "$(1)"\n' >&2; exit 1; fi
endef

# Two processes that share the tests between them; `make PARALLEL= test` for one after the other.
PARALLEL ?= -n 2 --dist worksteal

.PHONY: help run test docs bench clean

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

run: $(if $(SCREEN),$(GUI),$(BASE))  ## set up, show the bundled recording in the window; without a screen, as video in out/
	@if [ -n '$(SCREEN)' ]; then \
		printf '\n== opening $(SAMPLE) in the window\n'; \
		$(BIN)/eventvision gui $(SAMPLE) && exit; \
		printf '\n== the window did not come up\n'; \
	fi; \
	mkdir -p out; \
	printf '\n== replaying $(SAMPLE) (the first time, kernels are compiled)\n'; \
	$(BIN)/eventvision replay $(SAMPLE) --video out/replay.mp4 --results out/results.jsonl

test: $(DEV)  ## set up and run every check that CI runs
	$(call check,format,ruff format --check .)
	$(call check,lint,ruff check .)
	$(call check,types,mypy)
	$(call check,import contracts,lint-imports)
	$(call check,documentation,mkdocs build --strict --quiet)
	$(call check,tests and doctests,pytest $(PARALLEL))
	@printf '\nmake test: all checks passed\n'

docs: $(DEV)  ## build the documentation into out/site, with every link checked
	@$(BIN)/mkdocs build --strict --quiet
	@printf 'out/site/index.html\n'

bench: $(DEV)  ## time the hot paths beside their rivals, write docs/benchmarks.md
	@$(BIN)/python -m benchmarks.all

clean:  ## remove what the commands above made, the virtual environment included
	rm -rf out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	if [ -e $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi

$(BASE): $(PROJECT)
	@.ci/install $(VENV) base
	@touch $@

$(GUI): $(PROJECT)
	@.ci/install $(VENV) gui
	@touch $(BASE) $@

$(DEV): $(PROJECT)
	@.ci/install $(VENV) dev
	@touch $(BASE) $(GUI) $@
