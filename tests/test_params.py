from pathlib import Path

import pytest

from lesionflow import params
from lesionflow.errors import LesionflowError
from lesionflow.params import Section


class Shape(Section):
    width: int


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "params.yaml"
        path.write_text(text)
        return path

    return write


def test_a_section_is_typed_and_frozen(written):
    shape = params.load("a.b", Shape, written("a: {b: {width: 3}}"))
    assert shape == Shape(width=3)
    with pytest.raises(ValueError, match="frozen"):
        shape.width = 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: {c: 1}", "no key 'a.b'"),
        ("a: 3", "no key 'a.b'"),
        ("a: {b: {width: x}}", "a.b.width"),
        ("a: {b: {width: 3, widht: 4}}", "a.b.widht"),
        ("a: {b: [", "not valid YAML"),
    ],
)
def test_what_is_wrong_is_named(written, text, told):
    with pytest.raises(LesionflowError) as error:
        params.load("a.b", Shape, written(text))
    assert told in str(error.value)


def test_a_missing_file_says_where_to_run():
    with pytest.raises(LesionflowError, match="Run from the project's folder"):
        params.load("a", int, Path("nowhere/params.yaml"))


PAIR = params.Joined(name="pair", first="lite0-tuned", second="lite2-tuned")


def test_every_active_backbone_meets_every_recipe_and_joined_ones_come_last():
    names = params.classifiers(["lite0", "lite2"], ["study", "tuned"], [PAIR])
    assert names == ["lite0-study", "lite0-tuned", "lite2-study", "lite2-tuned", "pair"]
    assert [params.parts_of(name) for name in names[:2]] == [("lite0", "study"), ("lite0", "tuned")]


@pytest.mark.parametrize("name", ["", "lite0", "-tuned", "lite0-"])
def test_a_name_that_is_no_classifiers_is_told(name):
    with pytest.raises(LesionflowError, match="expected: <slug of models>-<name of recipes>"):
        params.parts_of(name)


def test_a_pair_is_found_by_its_name():
    assert params.named([PAIR], "pair") is PAIR
    with pytest.raises(LesionflowError, match="joined: other\n  got:      pair\n"):
        params.named([PAIR], "other")
