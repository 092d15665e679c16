"""Every command of the documents is run in a sandbox, or held against the program that it calls; none is left out.

Those that take minutes (the pipeline itself, the tests), that wait for ever (servers) or that need a machine of their
own (a Ray cluster, CI's container) are not run here: their make targets, options and variables are looked up. The
pipeline is run for real by tests/pipeline.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lesionflow import cli, params
from tests.docs.blocks import DOCUMENTS, ROOT, commands, inline
from tests.report.written_run import write_run

RUN = {
    "rm -r data data.dvc", "mkdir -p data/manifests", "lesionflow import milk10k <metadata.csv>",
    "dvc add data && dvc repro", "dvc add data", "dvc repro", "dvc params diff", "dvc metrics diff", "dvc plots show",
    "dvc remote add -d shared s3://bucket/lesionflow", "dvc push", "dvc pull", "git pull", "lesionflow status",
    "git restore dvc.lock", "git add data.dvc", 'git commit -m "Photos of spring"', "git add dvc.lock reports",
    'git commit -m "Results with the photos of spring"', "dvc metrics diff HEAD~1", "dvc params diff HEAD~1",
    ". .venv/bin/activate", "export MLFLOW_TRACKING_URI=http://mlflow.example.org:5000",
    "LESIONFLOW_WORKERS=8 dvc repro",
}  # fmt: skip
"""Run line by line, document by document, in a sandbox that stands for the project."""
LOOKED_UP = {
    "make repro": "minutes; tests/pipeline runs the pipeline", "make test": "would run this test",
    "make paper": "needs a model hub", "make ui": "a server", "bash .ci/run": "calls make repro and make test",
    "ray start --head": "starts daemons", "ray stop": "would stop those of others",
    "LESIONFLOW_BACKEND=ray LESIONFLOW_WORKERS=32 dvc repro": "tests/test_parallel.py runs Ray",
    "mlflow server --backend-store-uri sqlite:///server.db --host 127.0.0.1 --port 5000": "a server",
    "lesionflow evaluate-external --manifest clinic_b.csv --photos <folder>": "minutes; tests/pipeline runs it",
    "lesionflow predict photo.jpg --cam map.jpg": "needs a run; tests/pipeline asks it",
    "lesionflow predict photo.jpg --age 54 --sex female --body-site trunk": "the same",
    "lesionflow accept-data": "needs a run; tests/pipeline accepts its data",
    'make mlflow-sync REV="v1 HEAD~3"': "needs a run; tests/pipeline syncs one",
    "make promotion": "needs a tracked run; tests/pipeline promotes one",
    "make data-report BASE=main": "needs two runs; tests/pipeline reports an update",
}  # fmt: skip
"""Why each of these is not run."""
FILLED = {
    "<metadata.csv>": "raw/metadata.csv",
    "s3://bucket/lesionflow": "../remote",  # a folder: DVC takes both
}
MAKEFILE = (ROOT / "Makefile").read_text()
SETTING = r"`((?:ingest|curate|validate|evaluate|extract_features|report)\.[a-z_.]+)`"
PIPELINE = """
stages:
  train:
    cmd: python train.py
    deps: [data]
    params: [seed]
    metrics: [{reports/metrics.json: {cache: false}}]
    outs: [model]
plots:
  - reports/history.csv: {x: epoch, y: loss}
"""
TRAIN = """
import json, pathlib
files = len([path for path in pathlib.Path("data").rglob("*") if path.is_file()])
pathlib.Path("reports/metrics.json").write_text(json.dumps({"files": files}))
pathlib.Path("reports/history.csv").write_text("epoch,loss\\n1,0.5\\n2,0.25\\n")
pathlib.Path("model").write_text(str(files))
"""
METADATA = """file,isic_id,lesion_id,label,image_type,age_approx,sex,skin_tone_class,site,sha256
a.jpg,I1,L1,NV,clinical: close-up,10,female,3,trunk,
"""
FIRST = """
set -eu
git init --quiet --initial-branch main
git config user.name t; git config user.email t@example.org
dvc init --quiet; dvc config core.autostage true; dvc config core.analytics false
dvc add --quiet data
dvc repro --quiet
git add -A; git commit --quiet -m first
git init --quiet --bare ../origin.git
git remote add origin ../origin.git; git push --quiet --set-upstream origin main
"""


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """A folder with a written run, data under DVC, a pipeline of one stage, and git with somewhere to pull from."""
    root = write_run(tmp_path_factory.mktemp("docs") / "project")
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "train.py").write_text(TRAIN)
    (root / ".gitignore").write_text("/outputs\n")
    with (root / "params.yaml").open("a") as file:
        file.write("seed: 1\n")
    for name, content in {"data/one.txt": "1", "raw/metadata.csv": METADATA, "raw/a.jpg": ""}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    scripts = root / ".venv/bin"
    scripts.mkdir(parents=True)
    (scripts / "activate").write_text("")
    (scripts / "lesionflow").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lesionflow "$@"\n')
    (scripts / "lesionflow").chmod(0o755)
    (root / ".git/info").mkdir(parents=True)
    shell(root, FIRST)
    (root / ".git/info/exclude").write_text(".venv\n")
    return root


def shell(root: Path, script: str) -> None:
    path = os.pathsep.join([str(root / ".venv/bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "src"), "CI": "true"}
    done = subprocess.run(["bash", "-c", script], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


def filled(line: str) -> str:
    for mark, value in FILLED.items():
        line = line.replace(mark, value)
    return line


def test_every_command_is_run_or_looked_up():
    shown = {command.line for command in commands()}
    assert shown - RUN - set(LOOKED_UP) == set()
    assert (RUN | set(LOOKED_UP)) - shown == set()  # no list outlives its document


WITH_COMMANDS = sorted({command.document for command in commands() if command.line in RUN})


@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_commands_run_in_their_order(sandbox, tmp_path, document):
    # Of each document anew, since one removes the data; the remote is beside the copy.
    root = tmp_path / "project"
    subprocess.run(["cp", "-a", sandbox, root], check=True)
    subprocess.run(["cp", "-a", sandbox.parent / "origin.git", tmp_path / "origin.git"], check=True)
    lines = [filled(command.line) for command in commands() if command.document == document and command.line in RUN]
    before = "echo more > data/two.txt\n" if "git add data.dvc" in lines else ""
    pushed = "dvc remote add --quiet -d elsewhere ../elsewhere\n"
    if "dvc push" in lines and not any(line.startswith("dvc remote") for line in lines):
        before += pushed
    shell(root, before + "set -euo pipefail\n" + "\n".join(lines))


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
    shown = [command.line for command in [*commands(), *inline()] if command.line.startswith("make ")]
    assert {line.split()[1] for line in shown} <= targets
    variables = {name for line in shown for name in re.findall(r" ([A-Z]+)=", line)} - {"VENV", "PYTHON"}
    assert {name for name in variables if f"$({name})" not in MAKEFILE and f"$${name}" not in MAKEFILE} == set()


def test_commands_of_lesionflow_take_the_options_that_are_shown():
    for command in [*commands(), *inline()]:
        if not command.line.startswith("lesionflow "):
            continue
        name, *words = shlex.split(command.line.replace("<", "").replace(">", "").replace("...", ""))[1:]
        assert name in cli.commands.commands, command
        known = {option for one in cli.commands.commands[name].params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= known, command


def test_servers_and_clusters_take_the_options_that_are_shown():
    from mlflow.cli import server
    from ray.scripts.scripts import start, stop

    called = {"mlflow server": server, "ray start": start, "ray stop": stop}
    for line in LOOKED_UP:
        program = " ".join(line.split()[:2])
        if program in called:
            assert isinstance(called[program], click.Command)
            known = {option for one in called[program].params for option in one.opts}
            assert {word for word in line.split() if word.startswith("--")} <= known


def test_ci_script_is_sound_and_variables_are_read_somewhere():
    subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=True)
    sources = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    for line in [command.line for command in commands()]:
        for name in re.findall(r"\b(LESIONFLOW_[A-Z]+)=", line):
            assert name in sources


def test_settings_that_are_named_exist():
    for path in DOCUMENTS:
        for key in re.findall(
            r"`((?:ingest|curate|validate|evaluate|extract_features|report)\.[a-z_.]+)`", path.read_text()
        ):
            params.load(key.removesuffix("."), object, ROOT / "params.yaml")


def test_files_that_are_linked_exist():
    for path in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
