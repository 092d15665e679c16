import itertools
from collections import defaultdict
from pathlib import Path

import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import mapping
from lesionflow.ingest.cells import Top
from lesionflow.ingest.mapping import SourceParams
from lesionflow.ingest.taxonomy import normalised

LEAST = "source: s\nlicence: l\ncolumns: {url: file, label: diagnosis}\n"


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = (tmp_path / "own.yaml").relative_to(tmp_path)

    def refusal(text):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(LesionflowError) as caught:
            mapping.read(path)
        return str(caught.value)

    return refusal


@pytest.mark.parametrize("file", ["docs/how-to/own-data.md", "src/lesionflow/ingest/mapping.py"])
def test_the_examples_for_users_are_mappings(tmp_path, file):
    text = (Path(__file__).parents[2] / file).read_text(encoding="utf-8")
    example = "source: clinic" + text.split("source: clinic")[1].split("```" if file.endswith(".md") else '"""')[0]
    (tmp_path / "own.yaml").write_text(example)
    assert len(example.splitlines()) < 15
    assert mapping.read(tmp_path / "own.yaml").taxonomy


@pytest.mark.parametrize("name", ["", "../mapping", "MILK10K"])
def test_a_source_is_one_of_the_known(name):
    with pytest.raises(LesionflowError) as caught:
        mapping.load(name)
    assert "  expected: one of derm7pt, fitzpatrick17k, isic, milk10k, pad_ufes_20, scin\n" in str(caught.value)
    assert str(caught.value).endswith("--mapping my.yaml (README, Your data).")


def test_what_is_written_is_read_as_text(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(LEAST + "rows: {grade: [007, 1.0, no]}\nvalues: {label: {1e3: 1_000}}\n")
    source = mapping.read(path)
    # YAML's own reading would make of these 7, 1.0, False, 1000.0 and 1000.
    assert source.rows == {"grade": ("007", "1.0", "no")}
    assert source.values == {"label": {"1e3": "1_000"}}


def test_the_forms_of_a_column(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        'source: s\nlicence: l\ncolumns: {url: [a, "{b}.jpg"], label: {top: w}, group: [p, q]}\notherwise: {a: c}\n'
    )
    source = mapping.read(path)
    assert source.columns == {"url": ("a", "{b}.jpg"), "label": Top("w"), "group": ("p", "q")}
    assert list(source.cells) == [("a", "{b}.jpg"), Top("w"), ("p", "q")]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (LEAST + "columms: {}\n", "own.yaml: columms\n  got:      {}\n  expected: a key among source, licence, "),
        ("source: s\nlicence: l\ncolunms: {url: a, label: b}\n", "own.yaml: colunms\n  got: "),
        (
            "{source: s, licence: l, columns: {ulr: file}}",
            "own.yaml: columns.ulr\n  got:      'ulr'\n  expected: Input should be 'id', 'url', 'label', ",
        ),
        (
            "{source: s, licence: l, columns: {url: file, label: {bottom: a}}}",
            "own.yaml: columns.label\n  got:      {'bottom': 'a'}\n  expected: a column, a template such as ",
        ),
        ("{source: s, licence: l, columns: {label: a}}", "own.yaml\n  expected: columns: url missing\n"),
        ("{source: s, columns: {url: a, label: b}}", "own.yaml\n  expected: licence: neither stated nor among "),
        (LEAST + "checksum: {kind: crc, column: c}\n", "own.yaml: checksum.kind\n  got:      'crc'\n"),
        (LEAST + "values: {sex: {f: female}}\n", "own.yaml\n  expected: values.sex: no such column among columns\n"),
        (LEAST + "parent: p\n", "own.yaml\n  expected: parent, malignant: they are for unlisted: own_class\n"),
        (LEAST + "taxonomy: {mole: {alias: [m]}}\n", "own.yaml: taxonomy.mole.alias\n"),
        (
            LEAST + "taxonomy: {a: {aliases: [M]}, b: {aliases: [m]}}\n",
            "own.yaml: taxonomy: 'm'\n  got:      a name of a",
        ),
        (LEAST + "source: t\n", "own.yaml: not valid YAML\n  got:      key 'source' twice\n"),
        ("columns: {", "own.yaml: not valid YAML\n"),
        ("[" * 5000, "own.yaml: not valid YAML\n"),
        ("", "own.yaml\n  expected: "),
        ("just words", "own.yaml\n  expected: "),
        (b"source: \xff\n", "own.yaml: not UTF-8\n"),
        ('source: "\\ud800"\nlicence: l\ncolumns: {url: a, label: b}\n', "own.yaml: \\ud8\n  got:      half of a char"),
    ],
)
def test_a_mapping_that_is_none_names_file_and_key(refusal, text, start):
    message = refusal(text)
    assert message.startswith(start)
    assert "  expected: " in message or "  to do: " in message


@pytest.mark.parametrize("more", ["checksum: {kind: md5, column: c}", ""])
def test_several_photos_a_row_share_no_checksum_and_no_mask(refusal, more):
    mask = "" if more else ", mask: m"
    message = refusal(f"source: s\nlicence: l\ncolumns: {{url: [a, b], label: l{mask}}}\n{more}\n")
    assert message.startswith("own.yaml\n  expected: columns.url: several photos a row share no checksum and no mask\n")


def test_an_absent_mapping_is_named(tmp_path):
    with pytest.raises(LesionflowError, match=r"none.yaml: no such file\n.*\n.*after --mapping"):
        mapping.read(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", mapping.known())
def test_every_mapping_says_what_a_manifest_needs(name):
    source = mapping.load(name)
    assert isinstance(source, SourceParams)
    assert {"id", "url", "label"} <= set(source.columns)
    assert source.taxonomy
    # Without a group, photos of one patient may cross splits: only where none is published.
    assert ("group" in source.columns) == (name != "fitzpatrick17k")


def test_one_name_is_one_class_with_one_flag_in_all_mappings():
    said = defaultdict(set)
    for name in mapping.known():
        for label, entry in mapping.load(name).taxonomy.items():
            for alias in (label, *entry.aliases):
                said[normalised(alias)].add((label, entry.malignant, entry.parent))
    assert {alias: classes for alias, classes in said.items() if len(classes) > 1} == {}


def test_the_vocabulary_knows_every_name_of_every_mapping():
    vocabulary = mapping.vocabulary()
    for source, label in itertools.product(map(mapping.load, mapping.known()), vocabulary.classes):
        for alias in source.taxonomy[label].aliases if label in source.taxonomy else ():
            assert vocabulary.canonical(alias) == label
    assert vocabulary.classes["melanoma"].malignant
    assert not vocabulary.classes["actinic_keratosis"].malignant


def test_fitzpatrick17k_lists_its_114_labels_in_the_published_partitions():
    classes = mapping.load("fitzpatrick17k").taxonomy
    assert len(classes) == 114
    # 11 labels are published as malignant; one of them, actinic keratosis, counts as a precancer.
    assert sum(entry.malignant for entry in classes.values()) == 10
    assert {entry.parent for entry in classes.values()} == {
        "inflammatory", "genodermatoses", "benign_dermal", "benign_epidermal", "benign_melanocyte", "malignant_dermal",
        "malignant_epidermal", "malignant_melanoma", "malignant_cutaneous_lymphoma", "precancerous_epidermal",
    }  # fmt: skip


def test_sources_name_body_sites_by_the_words_of_milk10k():
    sites = {"trunk", "head_neck_face", "upper_extremity", "lower_extremity", "hand", "foot", "genital"}
    said = {name: mapping.load(name).values.get("body_site", {}) for name in mapping.known()}
    assert {name for name, values in said.items() if values} == {"derm7pt", "isic", "pad_ufes_20"}
    assert {site for values in said.values() for site in values.values()} <= sites
    # PAD-UFES-20's fourteen regions are all mapped.
    assert len(said["pad_ufes_20"]) == 14
