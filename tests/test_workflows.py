"""The workflows of CI: thin, pinned, of little privilege, and in GitHub's grammar."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
BIN = Path(sys.executable).parent
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def steps(workflow):
    content = yaml.safe_load(workflow.read_text())
    return [step for job in content["jobs"].values() for step in job["steps"]]


def test_there_are_both():
    assert [path.name for path in WORKFLOWS] == ["check.yml", "retrain.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "command",
    [["check-jsonschema", "--builtin-schema", "vendor.github-workflows"], ["zizmor", "--offline", "--quiet"]],
    ids=["schema", "zizmor"],
)
def test_workflow_passes(workflow, command):
    done = subprocess.run([BIN / command[0], *command[1:], workflow], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "content"),
    [
        (
            ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
            "on: push\njobs: {a: {runs-on: x, step: []}}\n",
        ),
        (
            ["zizmor", "--offline", "--quiet"],
            "on: pull_request_target\njobs: {a: {runs-on: x, steps: [{run: 'echo ${{ github.head_ref }}'}]}}\n",
        ),
    ],
    ids=["schema", "zizmor"],
)
def test_a_bad_workflow_does_not_pass(tmp_path, command, content):
    path = tmp_path / ".github/workflows/bad.yml"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert subprocess.run([BIN / command[0], *command[1:], path], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_steps_are_pinned_actions_or_targets_of_make(workflow):
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"])
            continue
        lines = [line.strip() for line in step["run"].strip().splitlines()]
        made = [line for line in lines if not line.startswith("git config ")]
        assert len(made) == 1
        program, *given = made[0].split()
        assert program == "make" or made == ["bash .ci/run"]
        assert {word for word in given if "=" not in word} <= (TARGETS if program == "make" else {".ci/run"})
        assert "${{" not in step["run"]


def test_only_the_job_that_runs_none_of_our_code_may_write():
    jobs = yaml.safe_load((ROOT / ".github/workflows/retrain.yml").read_text())
    assert jobs["permissions"] == {}
    writing = {name for name, job in jobs["jobs"].items() if "write" in job["permissions"].values()}
    assert writing == {"publish"}
    targets = {step["run"].split("make ")[-1].split()[0] for step in jobs["jobs"]["publish"]["steps"] if "run" in step}
    assert targets == {"comment", "commit-results"}


def test_a_fork_gets_no_secrets():
    job = yaml.safe_load((ROOT / ".github/workflows/retrain.yml").read_text())["jobs"]["retrain"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]


def test_a_hostile_branch_name_is_no_command(tmp_path):
    fake = tmp_path / "git"
    fake.write_text('#!/bin/sh\necho "$@" >> "$LOG"\n')
    fake.chmod(0o755)
    branch = "a;touch${IFS}hacked;$(touch hacked)"
    subprocess.run(
        ["make", "-f", ROOT / "Makefile", "commit-results", f"VENV={tmp_path}"], cwd=tmp_path, check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LOG": str(tmp_path / "log"), "BRANCH": branch, "TO": "far"},
        capture_output=True,
    )  # fmt: skip
    assert not (tmp_path / "hacked").exists()
    assert f"push --quiet far HEAD:refs/heads/{branch}" in (tmp_path / "log").read_text()
