# Every target makes the Python environment that it needs, inside this folder: nothing has to be installed first.
# PYTHON=/path/to/python3 chooses the interpreter (3.11 or newer); V=1 shows the commands.

ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
ifeq ($(PYTHON),)
$(error Tunedrop needs Python 3.11 or newer; python3 is $(or $(shell python3 -V 2>&1),not there). Name one: make PYTHON=/path/to/python3.12)
endif
endif
ifndef V
.SILENT:
endif
unexport PYTHONDONTWRITEBYTECODE # each process of the tests would compile thousands of modules anew
.DEFAULT_GOAL := help
.PHONY: help demo test check prove faults coverage format up down reset logs build validate deploy docs clean

DEV := .venv/bin
LOCAL := .venv-local/bin/python -m tunedrop_local
SAM := SAM_CLI_TELEMETRY=0 PATH="$(CURDIR)/.venv-sam/bin:$$PATH" sam
OURS := functions layers cli simulator local demo examples benchmarks tests bootstrap

help: ## show this list
	awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## a file becomes a tuned model that answers, on this machine; TRAIN=file VALIDATION=file MAP="prompt=question completion=answer" for your own, EXAMPLE=name for one of examples/
	$(PYTHON) bootstrap dev local
	$(DEV)/python -m demo $(if $(TRAIN),--train "$(TRAIN)") $(if $(VALIDATION),--validation "$(VALIDATION)") $(if $(MAP),--map "$(MAP)") $(if $(EXAMPLE),--example "$(EXAMPLE)")

test: ## everything that CI runs: check, then all tests in one pytest
	$(PYTHON) bootstrap dev local sam
	$(DEV)/python -m pytest --collect-only -qq >/dev/null 2>&1 & $(MAKE) --no-print-directory check && wait # collecting compiles the tests, once for all workers
	$(DEV)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: ## format, lint, types, imports, template
	$(PYTHON) bootstrap dev
	$(DEV)/ruff format --check .
	$(DEV)/ruff check .
	$(DEV)/mypy $(OURS)
	$(DEV)/lint-imports --no-logo
	$(DEV)/cfn-lint template.yaml

prove: ## the provers, with figures: wiring and permissions against seeded faults, gates, upgrade, hostile API, MLflow, statistics, worked examples, Parquet (half an hour); ARGS=--help
	$(PYTHON) bootstrap dev local gates mlflow oracles writers
	$(DEV)/python -m tests.prove $(ARGS)

faults: ## what happens when AWS misbehaves: faults at every call, lost and late events, storms, replays; ARGS=--help
	$(PYTHON) bootstrap dev local
	$(DEV)/python -m tests.faults $(ARGS)

coverage: ## branch coverage of all tests but the end-to-end ones, held to a floor; takes twice as long as they do
	$(PYTHON) bootstrap dev sam
	$(DEV)/python -m pytest tests/unit tests/template tests/integration simulator -n auto --maxprocesses 4 --dist loadfile --cov $(ARGS)

format: ## write the code the one way, and fix what can be fixed
	$(PYTHON) bootstrap dev
	$(DEV)/ruff format .
	$(DEV)/ruff check --fix .

up: ## keep the embedded cloud running, and print the lines to export; ARGS=--help for its options
	$(PYTHON) bootstrap dev local
	$(LOCAL) up $(ARGS)

down: ## stop the embedded cloud; its state stays
	$(PYTHON) bootstrap local
	$(LOCAL) down $(ARGS)

reset: ## stop the embedded cloud and forget its state
	$(PYTHON) bootstrap local
	$(LOCAL) reset $(ARGS)

logs: ## what a function logged: make logs FUNCTION=DatasetUploadedFunction
	$(PYTHON) bootstrap local
	$(LOCAL) logs $(ARGS) $(or $(FUNCTION),$(error which one? make logs FUNCTION=DatasetUploadedFunction))

build: ## what a deploy uploads, for AWS: sam build
	$(PYTHON) bootstrap sam
	$(SAM) build

validate: ## the template as AWS will read it: sam validate --lint
	$(PYTHON) bootstrap sam
	$(SAM) validate --lint

deploy: build ## deploy to the AWS account of your credentials, asking for the parameters; ARGS= for sam deploy
	$(SAM) deploy $(or $(ARGS),--guided)

docs: ## write the generated pages of docs/ and the layers' third-party notices anew
	$(PYTHON) bootstrap dev
	$(DEV)/python -m tunedrop.domain.checks.documentation > docs/data-format.md
	$(DEV)/python -m tunedrop.routes.openapi > docs/openapi.json
	$(DEV)/python -m layers.third_party
	$(DEV)/python -m tests.template.deployer_policy > docs/deployer-policy.json
	$(DEV)/python -m tests.template.who_may_do_what

clean: ## remove what was built, and the environments; the embedded cloud's state goes with `make reset`
	rm -rf build/uv build/uv-cache build/sam .aws-sam .venv .venv-local .venv-sam .venv-gates .venv-mlflow .venv-oracles .venv-writers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build/.coverage
