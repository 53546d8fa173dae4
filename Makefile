# make run         a meeting to look at, at http://127.0.0.1:8080: a recorded person speaks, then
#                  the room is open; SPEECH=FILE for another recording, TO=es,fr, PORT=8080,
#                  ONCE=1 to end after the recording
# make check       formatting, lint, types, and the tests that take seconds
# make test        all that, and the tests with real engines, servers and rooms
# make interpret   a recording through the real line:
#                  make interpret SPEECH=FILE TO=es,fr OUT=DIR [FROM=en] [ROOM=NAME]
#                  [ENGINES=cloud|loopback]
# make eval        the recordings of a manifest through the real line and offline: figures, and
#                  OUT/index.html with the plots; what is done is kept:
#                  make eval [SPEECH=manifest.json] [OUT=out/eval] [ONLY=id,…] [PRESET=fast,…]
#                  [TO=es,fr] [COMPARE=an earlier OUT] [LISTEN=1] [AGAIN=1] [LIMITS=subset]
#                  [ENGINES=cloud|loopback] [GLOSSARY=terms.yaml] [PICTURE=docs/quality.svg]
# make picture     docs/page.png and docs/phone.png: the page while a recorded person speaks
# make lock        pin the Python packages anew (UPGRADE=1: to the newest)
# make clean       remove all that make made
# What they need is installed first; a second run takes a second.

.DEFAULT_GOAL := check
.DELETE_ON_ERROR:
.PHONY: setup packages run check test interpret eval picture lock clean

bin := .venv/bin
environment := .venv/.installed
server := $(if $(LIVEKIT_URL)$(shell command -v livekit-server 2>/dev/null),,.tools/bin/livekit-server)

# Most tests in rooms wait for speech: two at a time, each with a server of its own, and each worker
# takes one after the other, since some are a thousand times as long as others.
together := $(if $(LIVEKIT_URL),,--numprocesses 2 --maxschedchunk 1)

page := translator/web/static/index.html
speech := .tools/speech/two_cities.wav

setup: packages $(environment) $(server)

packages:
	@scripts/packages

$(environment): requirements.lock pyproject.toml scripts/environment | packages
	@scripts/environment
	@touch $@

.tools/bin/livekit-server:
	@scripts/livekit-server

$(page): $(shell find client -path client/node_modules -prune -o -type f -print)
	@scripts/client

$(speech): scripts/speech | $(environment)
	@scripts/speech
	@touch $@

check: setup $(page)
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	@npm --prefix client run --silent check
	$(bin)/pytest -q -m "unit or line or web" --numprocesses 2

test: check
	@scripts/packages browser
	$(bin)/pytest -q -m "not (unit or line or web or alone)" $(together) --durations=12
	$(bin)/pytest -q -m alone --durations=6

# The set that ENGINES names, and what plays its vendors: loopback is cloud, loopback-fast is
# cloud-fast, and so on.
engines := $(patsubst loopback%,cloud%,$(ENGINES))
vendors := $(if $(filter loopback%,$(ENGINES)),$(bin)/python -m tests.vendors)

run: setup $(page) $(if $(SPEECH),,$(speech))
	@$(vendors) $(bin)/translator run "$${SPEECH:-$(speech)}" $${TO:+--to "$$TO"} \
	    $${FROM:+--from "$$FROM"} $${PORT:+--port "$$PORT"} $${ONCE:+--once} \
	    $(if $(engines),--engines "$(engines)")

interpret: setup
	@test -n "$$SPEECH" && test -n "$$TO" && test -n "$$OUT" || { echo '$(usage)' >&2; exit 2; }
	@$(vendors) $(bin)/translator interpret "$$SPEECH" --to "$$TO" --out "$$OUT" \
	    $${FROM:+--from "$$FROM"} $${ROOM:+--room "$$ROOM"} \
	    $(if $(engines),--engines "$(engines)")

usage := Usage: make interpret SPEECH=FILE TO=es,fr OUT=DIR [FROM=en] [ROOM=NAME] [ENGINES=cloud|loopback]

manifest := ../shared/speech/manifest.json

eval: setup
	@$(vendors) $(bin)/translator eval "$${SPEECH:-$(manifest)}" --out "$${OUT:-out/eval}" \
	    $${ONLY:+--only "$$ONLY"} $${PRESET:+--preset "$$PRESET"} $${TO:+--to "$$TO"} \
	    $${COMPARE:+--compare "$$COMPARE"} $${LIMITS:+--limits "$$LIMITS"} \
	    $${GLOSSARY:+--glossary "$$GLOSSARY"} $${PICTURE:+--picture "$$PICTURE"} \
	    $${LISTEN:+--listen} $${AGAIN:+--again} $(if $(engines),--engines "$(engines)")

picture: setup $(page) $(speech)
	@scripts/packages browser
	@$(bin)/python -m tests.browser.picture $(speech) docs

lock: | packages
	@scripts/lock

clean:
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find translator tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
