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
