# The front door. `make help` lists what it can do; everything works from a fresh clone.

VENV ?= .venv
PYTHON ?=
CALLS ?= 50
DATA ?=
NAME ?=
ONCE ?=
BESIDE ?=
PROVIDERS ?=
SERVER ?=

py := $(VENV)/bin/python
pip_install := $(py) -m pip install --quiet --no-input --disable-pip-version-check
packages := engine telephony dashboard
checked := $(packages) benchmarks migrations tests wsgi.py worker.py gunicorn.conf.py
with_database := $(py) -m engine.store.embedded_postgres run --

# Installing leaves bytecode to the first import (half of the time saved), so imports must be allowed to keep it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test quick lint format migrate venv venv-dev bench-media bench-speech bench-turns bench-gap bench-scenarios bench-voice bench-first-audio bench-leaks bench-dial chaos clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.runtime ## a whole interview by simulated phone, no key needed; ONCE=1 leaves after the report, PROVIDERS=fakes
	@$(py) -m telephony.simulator demo $(if $(filter-out 0,$(ONCE)),--once) $(if $(PROVIDERS),--providers $(PROVIDERS))

run: $(VENV)/.runtime .env ## web and jobs for development on an embedded PostgreSQL; the web reloads on change
	@$(with_database) sh -c '\
	  $(py) -m engine.store.schema upgrade || exit 1; \
	  $(py) worker.py & worker=$$!; \
	  trap "kill $$worker 2>/dev/null; wait $$worker" EXIT; trap "exit 130" INT; trap "exit 143" TERM; \
	  BIND_HOST=127.0.0.1 $(py) -m gunicorn --config gunicorn.conf.py --reload --workers 1 --graceful-timeout 5 wsgi:app'

test: $(VENV)/.dev ## the whole suite, with coverage of engine and telephony (90 % of lines at least)
	@$(py) -m pytest -n 3 --no-loadscope-reorder --cov=engine --cov=telephony \
	  --cov-report=term:skip-covered --cov-report=xml:var/coverage.xml --cov-fail-under=90

quick: $(VENV)/.dev ## the tests that need neither database nor processes nor browser: seconds
	@$(py) -m pytest -q tests/unit tests/property -m "not speech and not processes and not browser"

lint: $(VENV)/.dev ## style, format, types and import rules
	$(py) -m ruff check .
	$(py) -m ruff format --check .
	$(py) -m mypy
	$(VENV)/bin/lint-imports --no-logo

format: $(VENV)/.dev ## put the code into the one format
	$(py) -m ruff check --fix-only .
	$(py) -m ruff format .

migrate: $(VENV)/.runtime ## bring the database's tables up to date
	@$(with_database) $(py) -m engine.store.schema upgrade

bench-media: $(VENV)/.runtime ## CALLS=n calls against one web process on one core; BESIDE="command" of another system
	@$(py) -m benchmarks.media --calls $(CALLS) $(if $(BESIDE),--beside '$(BESIDE)')

bench-speech: $(VENV)/.runtime ## DATA=folder: word error rate, CPU and latency of the speech recogniser
	@test -n "$(DATA)" || { echo "Say where the clips are: make bench-speech DATA=folder" >&2; exit 2; }
	@$(py) -m benchmarks.speech "$(DATA)"

bench-first-audio: $(VENV)/.dev ## decision to first audio over the cloud packages, against servers on the loopback
	@$(py) -m benchmarks.first_audio

bench-leaks: $(VENV)/.dev ## CALLS=n calls with random faults: what do they leave behind? SERVER=gevent holds them in greenlets
	@$(py) -m benchmarks.leaks$(if $(filter gevent,$(SERVER)),_in_greenlets) --calls $(CALLS)

bench-dial: $(VENV)/.dev ## CALLS=n booked calls due in one second, two workers: how exact, how often, how fair
	@$(py) -m benchmarks.dialling$(if $(filter-out 50,$(CALLS)), --calls $(CALLS))

bench-gap: $(VENV)/.runtime ## CALLS of a recorded candidate over the loopback (1 unless given): how long the caller waits
	@$(py) -m benchmarks.gap --calls $(if $(filter command line,$(origin CALLS)),$(CALLS),1)

bench-voice: $(VENV)/.dev ## DATA=folder: the voice detector as shipped against the network on every frame
	@test -n "$(DATA)" || { echo "Say where the turns are: make bench-voice DATA=folder" >&2; exit 2; }
	@$(py) -m benchmarks.voice "$(DATA)"

bench-turns: $(VENV)/.runtime ## DATA=folder: answers cut off against dead air, for both endpoint policies
	@test -n "$(DATA)" || { echo "Say where the turns are: make bench-turns DATA=folder" >&2; exit 2; }
	@$(py) -m benchmarks.turns "$(DATA)"

chaos: $(VENV)/.runtime ## CALLS=n (200) calls while processes, sockets and PostgreSQL are killed: what is lost, how soon are we back?
	@$(py) -m benchmarks.chaos --calls $(if $(filter file,$(origin CALLS)),200,$(CALLS))

bench-scenarios: $(VENV)/.runtime ## NAME=part: recorded callers on bad lines, heard by the local recogniser; a minute each
	@$(py) -m benchmarks.scenarios --name "$(NAME)"

venv: $(VENV)/.runtime ## what the product runs on, in .venv
venv-dev: $(VENV)/.dev ## what tests and checks need, on top

clean: ## remove caches; .venv and var stay
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find $(packages) benchmarks migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: requirements.txt constraints.txt | $(VENV)/.made
	@echo "Installing the packages of requirements.txt into $(VENV): a minute or so, once."
	@$(pip_install) --no-compile -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt constraints.txt | $(VENV)/.made
	@echo "Installing the packages of requirements-dev.txt into $(VENV): a minute or two, once."
	@$(pip_install) --no-compile -r requirements-dev.txt
	@touch $(VENV)/.runtime $@

# The pip that comes with an older Python takes twice as long over the same packages as this one.
# A name on PATH is no proof: version managers leave stand-ins that refuse to run, and Debian ships Python without venv.
$(VENV)/.made:
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
	  if $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$($$python --version)."; \
	    $$python -m venv $(VENV) && $(pip_install) pip==26.3 && touch $@ && exit 0; \
	    exit 1; \
	  fi; \
	done; \
	echo "No Python 3.11 or newer with venv was found. Install one (Debian, Ubuntu: apt install python3 python3-venv;" >&2; \
	echo "macOS: brew install python@3.13), or name it: make PYTHON=/path/to/python3.13 ..." >&2; \
	exit 1

.env: ## settings for development, with fresh secrets
	@fresh() { LC_ALL=C tr -dc 'A-Za-z0-9' < /dev/urandom | head -c 48; }; umask 077; \
	sed -e "s/^JWT_SECRET=$$/&$$(fresh)/" -e "s/^JWT_REFRESH_SECRET=$$/&$$(fresh)/" \
	    -e "s/^STREAM_SECRET=$$/&$$(fresh)/" -e "s/^TWILIO_AUTH_TOKEN=$$/&$$(fresh)/" \
	    -e "s/^POSTGRES_PASSWORD=$$/&$$(fresh)/" .env.example > $@
	@echo "Wrote .env with fresh secrets."
