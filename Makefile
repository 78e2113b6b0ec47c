# The two commands that matter: make run, make test. Everything they need they install themselves.
PY := .venv/bin/python
ARGS ?=

.PHONY: default run test lint bench sample docs format clean
default: lint test

run: ## start the product; ARGS="--port 9000" passes options
	@tools/venv.sh requirements.txt
	@exec $(PY) app.py $(ARGS)

test: ## everything, browser included; ARGS="-k funnel" passes options to pytest
	@tools/venv.sh requirements-dev.txt
	@CHROMIUM="$$(tools/chromium.sh)" $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: ## formatting, lint, types, generated files
	@tools/venv.sh requirements-dev.txt
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m tools.docs --check

format: ## let ruff rewrite what it can
	@tools/venv.sh requirements-dev.txt
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: ## every claim about speed, as a ratio against peers in the same run (EVENTS=10000000)
	@tools/venv.sh requirements-dev.txt
	@tools/venv.sh benchmarks/requirements.txt
	$(PY) -m benchmarks $(ARGS)

sample: ## CSV files of the sample with its answer key: make sample KIND=shop EVENTS=100000 SEED=1 OUT=sample
	@tools/venv.sh requirements.txt
	$(PY) -m dashboard sample $(or $(KIND),streaming) --events $(or $(EVENTS),100000) --seed $(or $(SEED),1) --out $(or $(OUT),sample)

docs: ## write the generated pages of docs/
	@tools/venv.sh requirements-dev.txt
	$(PY) -m tools.docs

clean: ## remove the virtual environment and caches; never touches data/
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
