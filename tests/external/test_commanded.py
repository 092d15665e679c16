import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from lesionflow import cli, params
from lesionflow.errors import LesionflowError
from lesionflow.external import commanded
from lesionflow.external.settings import Source

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The project's folder before its first run."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "elsewhere.csv").write_text("url,label,source,licence\na.jpg,nevus,clinic,CC0\n")
    return tmp_path


def run(*options):
    command = ["evaluate-external", "--manifest", "elsewhere.csv", *options]
    return CliRunner().invoke(cli.commands, command, catch_exceptions=False)


@pytest.mark.usefixtures("project")
def test_without_a_run_the_command_says_what_to_do():
    with pytest.raises(LesionflowError) as raised:
        run()
    assert str(raised.value) == (
        "outputs/split.parquet: not there\n"
        "  expected: the outputs of a run, whose classifiers are evaluated\n"
        "  to do:    Run `dvc repro` here, or `dvc pull` where somebody else did."
    )


@pytest.mark.usefixtures("project")
def test_an_unknown_classifier_is_refused_with_those_there_are():
    with pytest.raises(
        LesionflowError, match="no classifier of this run\n  expected: one of efficientnet_lite0-study,"
    ):
        run("--models", "efficientnet_lite9-study")


def test_another_folder_than_the_projects_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LesionflowError, match=r"Run from the project's folder"):
        run()


@pytest.mark.parametrize(("name", "folder"), [("clinic-b.csv", "clinic-b"), ("../ü b.csv", "x__b"), ("_a.csv", "x_a")])
def test_the_cache_of_a_manifest_is_a_plain_folder(name, folder):
    assert commanded.source_of(Path(name), None).name == folder


def test_a_source_is_found_by_its_name_and_a_missing_one_is_told():
    sources = [Source(name="one", manifest=Path("data/external/one.csv"))]
    assert params.named(sources, "one", section="external", kind="source").base == Path("data/external")
    with pytest.raises(LesionflowError, match="external: two\n  got:      one\n  expected: a source of this name"):
        params.named(sources, "two", section="external", kind="source")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a.b", "-a"])
def test_a_source_has_a_name_that_a_folder_may_have(name):
    with pytest.raises(ValueError, match="name"):
        Source(name=name, manifest=Path("x.csv"))
