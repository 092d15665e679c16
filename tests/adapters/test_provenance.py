import subprocess

import pytest

from lesionflow.adapters import provenance
from tests.adapters.sound_results import put


def git(folder, *arguments):
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    put(tmp_path / "params.yaml", "seed: 1\n")
    put(tmp_path / "dvc.lock", "a: 1\n")
    put(tmp_path / "reports/leaderboard.md", "old\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def dirty(folder):
    return provenance.git(folder)["lesionflow.git.dirty"]


def test_a_clean_checkout_has_its_commit_and_is_not_dirty(repository):
    said = provenance.git(repository)
    assert len(said["mlflow.source.git.commit"]) == 40
    assert said["lesionflow.git.dirty"] == "false"


def test_results_of_the_pipeline_are_no_dirt_and_changed_params_are(repository):
    put(repository / "dvc.lock", "a: 2\n")
    put(repository / "reports/leaderboard.md", "new\n")
    assert dirty(repository) == "false"
    put(repository / "params.yaml", "seed: 2\n")
    assert dirty(repository) == "true"


def test_outside_of_a_repository_it_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert set(provenance.git(tmp_path).values()) == {"unknown"}


def test_data_hash_is_what_data_dvc_says(tmp_path):
    assert provenance.data_digest(tmp_path) == "unknown"
    put(tmp_path / "data.dvc", "outs:\n- md5: 0123.dir\n  path: data\n")
    assert provenance.data_digest(tmp_path) == "0123.dir"
    put(tmp_path / "data.dvc", "outs: [")
    assert provenance.data_digest(tmp_path) == "unknown"


def test_code_hash_follows_modules_and_not_their_bytecode(tmp_path):
    put(tmp_path / "a.py", "x = 1")
    before = provenance.code_digest(tmp_path)
    put(tmp_path / "__pycache__/a.pyc", "bytes")
    assert provenance.code_digest(tmp_path) == before
    put(tmp_path / "a.py", "x = 2")
    assert provenance.code_digest(tmp_path) != before


def test_a_package_that_is_not_there_has_no_version():
    assert provenance.installed("no-such-package-here") == "unknown"
    assert "+" not in provenance.installed("torch")
