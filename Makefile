# Tunestack's commands; `make help` lists them. Needs GNU make, Python 3.11 or newer and a package registry.

.SUFFIXES:
.PHONY: help up preview predict down test campaign acceptance bench guards fuzz lock clean environment engine emulator prompt

# What a recipe that runs the engine starts with; the file is written by `python -m bootstrap`. With exec no shell
# stands between make and the engine: on Ctrl-C, make waits for the engine and passes on its exit status.
ENGINE := . ./.tunestack/env && exec
# Which stack is meant; of a foundation, its environment. `local` has the engine's own display and a closing summary.
STACK := local
VENV := .venv/bin
CODE := bootstrap deploy emulator examples infra tests

# As given, by way of the environment: a prompt may hold quotes, dollars and line breaks, and make would expand it.
override PROMPT := $(value PROMPT)
export PROMPT

help:
	@echo 'make up                 everything on this machine: engine, emulator, tuning, an endpoint that answers'
	@echo 'make preview            what make up would change'
	@echo 'make predict PROMPT=…   asks the endpoint'
	@echo 'make down               removes what make up made; says what the service keeps'
	@echo '  STACK=local-prod      up, preview, down of another stack, or of a foundation and its regions'
	@echo 'make test               linters, types, all tests: what CI runs'
	@echo 'make campaign           interrupts up, roll and destroy at every remote call; see docs/interruptions.md'
	@echo 'make acceptance         all of it on a real project: PROJECT=… CAP=5; see docs/acceptance.md'
	@echo 'make bench              measurements'
	@echo 'make guards             takes each guard against known harm away and sees its test fail'
	@echo 'make fuzz               data checks against an obvious validator, on a million lines; LINES=… SECONDS=…'
	@echo 'make emulator           only the emulator of the local stack, for work by hand'
	@echo 'make engine             only the engine and its plugins, into .tunestack/'
	@echo 'make lock               the lock files again, from pyproject.toml'
	@echo 'make clean              forgets the local stack and the environment'
	@echo
	@echo 'By hand: . .tunestack/env && pulumi preview -s local'

environment:
	@sh bootstrap/environment.sh

engine: environment
	@$(VENV)/python -m bootstrap

emulator: engine
	@$(ENGINE) python -m emulator start --data .tunestack/emulator

up: emulator
ifeq ($(STACK),local)
	@$(ENGINE) pulumi up --yes --skip-preview --suppress-outputs --stack local
	@$(ENGINE) tunestack summary --untuned --stack local
else
	@$(ENGINE) tunestack up --yes $(STACK)
endif

preview: emulator
ifeq ($(STACK),local)
	@$(ENGINE) pulumi preview --suppress-outputs --stack local
else
	@$(ENGINE) tunestack preview --initialise $(STACK)
endif

prompt:
	@: "$${PROMPT:?is missing: make predict PROMPT='…'}"

# Standard output holds the answer alone, so that it can be piped.
predict: prompt
	@$(MAKE) --no-print-directory emulator >&2
	@$(ENGINE) tunestack predict --stack $(STACK) -- "$$PROMPT"

# With a look first: of what an interrupted run has deleted already, pulumi-gcp says 404 and ends.
down: emulator
ifeq ($(STACK),local)
	@$(ENGINE) pulumi destroy --refresh --yes --skip-preview --suppress-outputs --stack local
else
	@$(ENGINE) tunestack destroy --refresh --yes --skip-preview $(STACK)
endif
	@$(ENGINE) tunestack kept --stack $(STACK)
	@$(ENGINE) python -m emulator stop --data .tunestack/emulator

# What tests and engines import is compiled once, whatever the shell says.
test guards: export PYTHONDONTWRITEBYTECODE :=
test: engine
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check
	@$(VENV)/mypy $(CODE)
	@$(VENV)/python -m pytest -n 4 --dist worksteal

campaign: engine
	@$(VENV)/python -m tests.campaign $(if $(SEED),--seed $(SEED)) $(if $(CASES),--cases $(CASES)) \
		$(if $(LANES),--lanes $(LANES)) $(if $(METHODS),--methods) $(if $(ONLY),--only '$(ONLY)')

acceptance: $(if $(EMULATOR),emulator,engine)
	@: "$${PROJECT:?is missing: make acceptance PROJECT=…}"
	@$(ENGINE) python -m tests.acceptance --project "$(PROJECT)" $(if $(LOCATION),--location $(LOCATION)) \
		$(if $(CAP),--cap $(CAP)) $(if $(YES),--yes) $(if $(EMULATOR),--emulator --pause 1)

bench: engine
	@$(ENGINE) python tests/bench/run.py

guards: engine
	@$(ENGINE) python tests/guards/run.py $(ONLY)

fuzz: environment
	@$(VENV)/python -m tests.data.fuzzing $(if $(LINES),--lines $(LINES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(SECONDS),--seconds $(SECONDS))

lock: environment
	@sh bootstrap/environment.sh lock

clean:
	@if [ -x $(VENV)/python ] && [ -d .tunestack/emulator ]; then \
		$(VENV)/python -m emulator stop --data .tunestack/emulator; fi
	@rm -rf .venv .tunestack
