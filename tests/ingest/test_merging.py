import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import mapping, merging, taxonomy
from lesionflow.ingest.taxonomy import LabelParams

CLASSES = {
    "melanoma": LabelParams(aliases=("MEL",), parent="melanocytic", malignant=True),
    "nevus": LabelParams(aliases=("NV",)),
}


def test_a_new_taxonomy_holds_the_classes():
    assert merging.merge("", CLASSES, "t.yaml") == (
        f"{merging.HEADER}"
        "classes:\n"
        "  melanoma: {aliases: [MEL], parent: melanocytic, malignant: true}\n"
        "  nevus: {aliases: [NV], malignant: false}\n"
    )


def test_a_class_without_other_names_has_no_aliases():
    text = merging.merge("", {"eczema": LabelParams(parent="inflammatory")}, "t.yaml")
    assert text == f"{merging.HEADER}classes:\n  eczema: {{parent: inflammatory, malignant: false}}\n"


def test_what_the_user_wrote_stands():
    text = "# mine\nclasses:\n  Melanoma: # the bad one\n    malignant: false\n  mole: {aliases: [nv]}\n"
    # Melanoma lacks only the alias; nevus is not added, for the user calls NV a mole.
    assert merging.merge(text, CLASSES, "t.yaml") == (
        "# mine\nclasses:\n  Melanoma: # the bad one\n    malignant: false\n    aliases:\n      - MEL\n"
        "  mole: {aliases: [nv]}\n"
    )


def test_nothing_changes_when_nothing_is_missing():
    odd_but_complete = "classes:   {melanoma: {aliases: ['MEL' ]},\n  nevus: {aliases: [nv]}}"
    assert merging.merge(odd_but_complete, CLASSES, "t.yaml") == odd_but_complete


def test_merging_twice_changes_nothing_more():
    once = merging.merge("", CLASSES, "t.yaml")
    assert merging.merge(once, CLASSES, "t.yaml") == once


def test_long_lines_are_not_broken_within_a_key():
    text = "classes: {" + ", ".join(f"a label of many words {n}: {{}}" for n in range(30)) + "}\n"
    merged = merging.merge(text, CLASSES, "t.yaml")
    assert len(taxonomy.parse(merged, "t.yaml").classes) == 30 + 2


def test_a_broken_taxonomy_is_named_not_replaced():
    with pytest.raises(LesionflowError, match=r"t.yaml: classes"):
        merging.merge("classes: 5", CLASSES, "t.yaml")


# Each source comes first once and last once. That no two disagree, so that no order matters, test_mapping holds.
@pytest.mark.parametrize("order", [known[i:] + known[:i] for known in [mapping.known()] for i in range(len(known))])
def test_all_sources_share_one_taxonomy_in_any_order(order):
    text = ""
    for name in order:
        text = merging.merge(text, mapping.load(name).taxonomy, "t.yaml")
    known = taxonomy.parse(text, "t.yaml")
    for name in order:
        for label, entry in mapping.load(name).taxonomy.items():
            assert [known.canonical(alias) for alias in entry.aliases] == [label] * len(entry.aliases)
            assert known.classes[label].malignant == entry.malignant


def test_the_samples_taxonomy_takes_the_sources_labels():
    text = "classes:\n  melanocytic_nevus: {aliases: [mole]}\n  vascular_lesion: {aliases: [VASC]}\n"
    known = taxonomy.parse(merging.merge(text, mapping.load("milk10k").taxonomy, "t.yaml"), "t.yaml")
    assert (known.canonical("NV"), known.canonical("VASC")) == ("melanocytic_nevus", "vascular_lesion")
