# People, CI and hooks run these same targets. VENV may name another environment: make test VENV=/path/to/venv
VENV ?= .venv
PYTHON ?= python3
export PATH := $(abspath $(VENV))/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/src
export GX_ANALYTICS_ENABLED := false
export DVC_NO_ANALYTICS := true

INSTALLED := $(VENV)/.installed
PULLED := .cache/data-pulled

.DEFAULT_GOAL := help
.PHONY: docs help env data repro paper ui test lint types check deps sample benchmark-milk10k benchmark-ingest benchmark-leakage benchmark-curation benchmark-curation-scale benchmark-split benchmark-learning benchmark-learning-milk10k benchmark-external benchmark-ablation benchmark-report ablation readme

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(INSTALLED): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

env: $(INSTALLED) ## Create the environment from requirements.lock

# The folder in the workspace wins when it is already what data.dvc says, so that own data needs no remote.
$(PULLED): data.dvc $(INSTALLED)
	dvc checkout --quiet data.dvc 2>/dev/null || dvc pull --quiet data.dvc
	mkdir -p $(@D) && touch $@

data: $(PULLED) ## Pull what data.dvc names (the embedded sample, in a new clone)

repro: $(PULLED) ## Run the pipeline: only what changed since the last run
	dvc repro
	@cat reports/leaderboard.md
	@echo 'Report: reports/index.html    MLflow: make ui'

paper: $(PULLED) ## Compare the study's six backbones (needs a model hub or a checkpoint folder)
	dvc exp run --set-param 'active=[resnet50,efficientnet_b0,mobilenetv2,vit_base,swin_tiny,swin_base]' --set-param 'joined=[]'
	@cat reports/leaderboard.md

ablation: $(PULLED) ## Compare frozen with fine-tuned by the number of photos (long; goes on where it was stopped)
	dvc repro ablation/dvc.yaml
	@cat reports/ablation/ablation.md

ui: $(INSTALLED) ## Open MLflow on the tracked runs
	mlflow ui --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}

test: $(INSTALLED) ## Run the tests
	python -m pytest

lint: $(INSTALLED) ## Check style
	ruff check .
	ruff format --check .

types: $(INSTALLED) ## Check types
	mypy

check: lint types test ## All checks

docs: $(INSTALLED) ## Build the documents into site/ (needs no network; opens from disk)
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

deps: $(INSTALLED) ## Write each stage's code deps into dvc.yaml
	python tests/pipeline/declared.py

sample: $(INSTALLED) ## Regenerate the synthetic sample and its remote
	python -m lesionflow.sample.generate data
	dvc add --quiet data
	dvc push --quiet --remote sample data.dvc

benchmark-milk10k: $(INSTALLED) ## Measure the default models on real photos (needs ../shared/data)
	python benchmarks/milk10k.py

benchmark-ingest: $(INSTALLED) ## Measure ingestion against img2dataset (needs nginx)
	python benchmarks/ingest.py

benchmark-leakage: $(INSTALLED) ## Measure the accuracy that leakage would have faked (needs ../shared/data)
	python benchmarks/leakage.py

benchmark-curation: $(INSTALLED) ## Measure curation against imagededup and CleanVision (needs ../shared/data)
	python benchmarks/curation.py

benchmark-curation-scale: $(INSTALLED) ## Measure the search for copies among up to a million generated fingerprints
	python benchmarks/curation_scale.py

benchmark-split: $(INSTALLED) ## Measure how many test photos leave test when data grows (needs ../shared/data)
	python benchmarks/split_growth.py

benchmark-learning: $(INSTALLED) ## Measure what training costs over the pass of features, on generated photos
	python benchmarks/learning.py

benchmark-learning-milk10k: $(INSTALLED) ## Measure what recipe tuned gains over study on real photos (needs ../shared/data)
	python benchmarks/learning_milk10k.py

benchmark-external: $(INSTALLED) ## Measure classifiers of milk10k on PAD-UFES-20 (needs ../shared/data)
	python benchmarks/external_pad.py

benchmark-ablation: $(INSTALLED) ## Measure frozen against fine-tuned on real photos (needs ../shared/data)
	python benchmarks/ablation.py

benchmark-report: $(INSTALLED) ## Measure how long the report takes on generated tables of 27,000 photos
	python benchmarks/report.py

readme: $(INSTALLED) ## Render README's tables from benchmarks/results
	python benchmarks/readme.py
