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
    ("make", "place"), [(lambda p: p.mkdir(), "not readable"), (lambda p: p.write_bytes(b"\xff"), "not UTF-8")]
)
def test_what_is_no_text_is_named(tmp_path, make, place):
    path = tmp_path / "taxonomy.yaml"
    make(path)
    with pytest.raises(LesionflowError, match=f"taxonomy.yaml: {place}\n"):
        taxonomy.load(path)


def test_merge_keys_of_yaml_are_no_repetition():
    text = "classes:\n  a: &one {malignant: true}\n  b: {<<: *one, aliases: [x]}\n"
    assert taxonomy.parse(text, "t.yaml").classes["b"].malignant


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "t.yaml: \n"),
        ("classes: [a]", "t.yaml: classes\n"),
        ("classes: {a: {malign: true}}", "t.yaml: classes.a.malign\n"),
        ("classes: {a: {aliases: [1]}}", "t.yaml: classes.a.aliases.0\n"),
        ("classes: {", "t.yaml: not valid YAML\n"),
        ("classes: {a: {}, a: {aliases: [x]}}", "t.yaml: not valid YAML\n  got:      key 'a' twice\n"),
        ("classes: {a: {aliases: [2001-99-99]}}", "t.yaml: not valid YAML\n"),
        ("[" * 5000, "t.yaml: not valid YAML\n"),
        ('classes: {"\\udc00": {}}', "t.yaml: \\udc\n"),
    ],
)
def test_a_malformed_taxonomy_names_the_place(text, place):
    with pytest.raises(LesionflowError) as caught:
        taxonomy.parse(text, "t.yaml")
    assert str(caught.value).startswith(place)
