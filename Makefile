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
.PHONY: $(shell sed -nE 's/^([a-z0-9-]+):.*/\1/p' $(MAKEFILE_LIST))

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

mlflow-sync: $(INSTALLED) ## Import the runs that DVC holds into MLflow; REV="v1 v2" for those of old commits
	python -m lesionflow sync $(addprefix --rev=,$(REV))

# The steps of .github/workflows/retrain.yml. BASE is the revision that an update is compared with; REMOTE a DVC remote
# of yours, the default one if left out; PR the number of a pull request; BRANCH and TO the branch and git remote to push
# to; MAPS_AT where readers find the heat maps. Recipes read them from the environment: names of branches are hostile.
BASE ?= origin/main
export BASE BRANCH MAPS_AT PR TO DVC_REMOTE_URL
remote: $(INSTALLED) ## Call the DVC remote at DVC_REMOTE_URL "results", on this machine only
	dvc remote add --local --force results "$$DVC_REMOTE_URL"

pull-results: $(INSTALLED) ## Get data and the last run's results from DVC's remote: only what changed is then computed
	dvc pull --quiet --allow-missing $(addprefix --remote=,$(REMOTE))

validate: $(PULLED) ## Hold the data, up to curation, to its suites
	dvc repro validate@manifest validate@ingested validate@curated

data-report: $(INSTALLED) ## Write reports/update.md: what changed in data and figures since BASE
	python -m lesionflow report-update --base "$$BASE" --maps-at "$$MAPS_AT"

accept-data: $(INSTALLED) ## Hold later data to the labels and quality of this run's
	python -m lesionflow accept-data

push-results: $(INSTALLED) ## Push data and results to DVC's remote
	dvc push --quiet $(addprefix --remote=,$(REMOTE))

commit-results: ## Commit dvc.lock, reports and accepted data, and push them to branch BRANCH of TO
	git add dvc.lock reports expectations/accepted.json
	git diff --cached --quiet || git commit --quiet --message 'Results of the pipeline'
	git push --quiet "$$TO" "HEAD:refs/heads/$$BRANCH"

comment: ## Put reports/update.md on pull request PR (needs gh)
	gh pr comment "$$PR" --body-file reports/update.md --edit-last --create-if-none

promotion: $(INSTALLED) ## Show whether the best classifier would become champion
	python -m lesionflow promote --dry-run

promote: $(INSTALLED) ## Make the best classifier champion, if every rule of promotion holds
	python -m lesionflow promote

test: $(INSTALLED) ## Run the tests
	OMP_WAIT_POLICY=passive python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED) ## Check style
	ruff check .
	ruff format --check .

types: $(INSTALLED) ## Check types
	mypy

workflows: $(INSTALLED) ## Check the workflows: GitHub's schema, and zizmor without a network
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	zizmor --offline --quiet .github/workflows

check: lint types workflows test ## All checks

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

benchmark-curation-tuning: $(INSTALLED) ## Measure what trying another threshold costs (needs ../shared/data)
	python benchmarks/curation_tuning.py

benchmark-curation-scale: $(INSTALLED) ## Measure the search for copies among up to a million generated fingerprints
	python benchmarks/curation_scale.py

benchmark-split: $(INSTALLED) ## Measure how many test photos leave test when data grows (needs ../shared/data)
	python benchmarks/split_growth.py

benchmark-learning: $(INSTALLED) ## Measure what training costs over the pass of features, on generated photos
	python benchmarks/learning.py

benchmark-phone-photos: $(INSTALLED) ## Measure what decoding photos of phones at reduced scale spares and changes
	python benchmarks/phone_photos.py

benchmark-learning-milk10k: $(INSTALLED) ## Measure what recipe tuned gains over study on real photos (needs ../shared/data)
	python benchmarks/learning_milk10k.py

benchmark-external: $(INSTALLED) ## Measure classifiers of milk10k on PAD-UFES-20 (needs ../shared/data)
	python benchmarks/external_pad.py

benchmark-ablation: $(INSTALLED) ## Measure frozen against fine-tuned on real photos (needs ../shared/data)
	python benchmarks/ablation.py

benchmark-explain: $(INSTALLED) ## Measure what the shortcut audit catches and what heat maps cost (needs ../shared/data)
	python benchmarks/explain.py

benchmark-update: $(INSTALLED) ## Measure what an update of 1 % of the photos costs beside a full run (long)
	python benchmarks/update.py

benchmark-report: $(INSTALLED) ## Measure how long the report takes on generated tables of 27,000 photos
	python benchmarks/report.py

readme: $(INSTALLED) ## Render README's tables from benchmarks/results
	python benchmarks/readme.py
