# make check       formatting, lint, types, and the tests that take seconds
# make test        all that, and the tests with real engines, servers and rooms
# make interpret   a recording through the real line:
#                  make interpret SPEECH=FILE TO=es,fr OUT=DIR [FROM=en] [ROOM=NAME]
# make lock        pin the Python packages anew (UPGRADE=1: to the newest)
# make clean       remove all that make made
# What they need is installed first; a second run takes a second.

.DEFAULT_GOAL := check
.DELETE_ON_ERROR:
.PHONY: setup packages check test interpret lock clean

bin := .venv/bin
environment := .venv/.installed
server := $(if $(LIVEKIT_URL)$(shell command -v livekit-server 2>/dev/null),,.tools/bin/livekit-server)

setup: packages $(environment) $(server)

packages:
	@scripts/packages

$(environment): requirements.lock pyproject.toml scripts/environment | packages
	@scripts/environment
	@touch $@

.tools/bin/livekit-server:
	@scripts/livekit-server

check: setup
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/pytest -q -m "unit or line"

test: check
	$(bin)/pytest -q -m "not (unit or line)"

interpret: setup
	@: "$${SPEECH:?$(usage)}" "$${TO:?$(usage)}" "$${OUT:?$(usage)}"
	@$(bin)/translator interpret "$$SPEECH" --to "$$TO" --out "$$OUT" \
	    $${FROM:+--from "$$FROM"} $${ROOM:+--room "$$ROOM"}

usage := make interpret SPEECH=FILE TO=es,fr OUT=DIR [FROM=en] [ROOM=NAME]

lock: | packages
	@scripts/lock

clean:
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find translator tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
