import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import taxonomy


@pytest.mark.parametrize("raw", ["melanoma", "MEL", " mel ", "Melanoma", "ＭＥＬ"])
def test_spellings_of_one_label_are_one(known, raw):
    assert known.canonical(raw) == "melanoma"


@pytest.mark.parametrize(
    "raw", ["melanocytic nevus", "Melanocytic-Nevus", "MELANOCYTIC__NEVUS", "melanocytic \n nevus"]
)
def test_spaces_hyphens_and_underscores_are_alike(known, raw):
    assert known.canonical(raw) == "melanocytic_nevus"


def test_an_unknown_label_has_no_class_but_neighbours(known):
    assert known.canonical("melanomma") is None
    assert known.near("melanomma") == ["melanoma"]


def test_an_alias_of_two_classes_is_refused():
    text = "classes:\n  melanoma: {aliases: [M]}\n  mole: {aliases: [m]}\n"
    with pytest.raises(LesionflowError) as caught:
        taxonomy.parse(text, "t.yaml")
    assert str(caught.value) == (
        "t.yaml: 'm'\n"
        "  got:      a name of melanoma and of mole\n"
        "  expected: a name of one class\n"
        "  to do:    Remove it from one of the two."
    )


def test_no_data_folder_says_to_pull(tmp_path):
    with pytest.raises(LesionflowError, match=r"taxonomy.yaml: no such file\n.*\n.*dvc pull data.dvc"):
        taxonomy.load(tmp_path / "data" / "taxonomy.yaml")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "t.yaml: \n"),
        ("classes: [a]", "t.yaml: classes\n"),
        ("classes: {a: {malign: true}}", "t.yaml: classes.a.malign\n"),
        ("classes: {a: {aliases: [1]}}", "t.yaml: classes.a.aliases.0\n"),
        ("classes: {", "t.yaml: not valid YAML\n"),
    ],
)
def test_a_malformed_taxonomy_names_the_place(text, place):
    with pytest.raises(LesionflowError) as caught:
        taxonomy.parse(text, "t.yaml")
    assert str(caught.value).startswith(place)
