import hypothesis
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow import tables
from lesionflow.curate import classes
from lesionflow.curate.settings import ClassesParams
from lesionflow.errors import LesionflowError

# Class a: three rows, one failed; b: two rows of one patient; c: one row, dropped in curation.
MANIFEST = pd.DataFrame({"record_id": list("123456"), "label": list("aaabbc")})
INGESTED = pd.DataFrame({"record_id": list("123456"), "status": ["failed"] + ["stored"] * 5})
CURATED = pd.DataFrame(
    {
        "record_id": list("123456"),
        "label": list("aaabbc"),
        "verdict": ["drop", "keep", "keep", "keep", "keep", "drop"],
        "group": ["1", "2", "3", "4", "4", "6"],
    }
)


def settings(min_images=2, min_groups=1, below="drop"):
    return ClassesParams(min_images=min_images, min_groups=min_groups, below=below)


def enforce(chosen, malignant=frozenset(), parents=None):
    table = classes.enforce(MANIFEST, INGESTED, CURATED, set(malignant), chosen, parents=parents or {})
    return table.set_index("label")


def made_of(counts, per_group=1):
    """Manifest, ingested and curated of photos that are all kept."""
    rows = [(f"{label}{n}", label, f"{label}{n // per_group}") for label, count in counts.items() for n in range(count)]
    frame = pd.DataFrame(rows, columns=["record_id", "label", "group"]).assign(status="stored", verdict="keep")
    return frame, frame, frame


def test_counts_follow_each_class_through_the_steps():
    table = enforce(settings(), malignant={"b"})
    assert table.loc["a", ["in_manifest", "ingested", "curated", "groups"]].tolist() == [3, 2, 2, 2]
    assert table.loc["b", ["in_manifest", "ingested", "curated", "groups"]].tolist() == [2, 2, 2, 1]
    assert table.loc["c", ["in_manifest", "ingested", "curated", "groups"]].tolist() == [1, 1, 0, 0]
    assert table["verdict"].tolist() == ["keep", "keep", "drop"]
    assert table.loc["c", "reason"] == "fewer than 2 photos"
    assert table["class_id"].fillna(-1).tolist() == [0, 1, -1]
    assert table["used"].tolist() == [2, 2, 0]
    assert table["malignant"].tolist() == [False, True, False]


def test_photos_of_too_few_people_are_no_class():
    data = made_of({"a": 6, "b": 6, "c": 6})
    data[2].loc[data[2]["label"] == "c", "group"] = "one patient"
    table = classes.enforce(*data, set(), settings(5, 3), parents={}).set_index("label")
    assert table["verdict"].to_dict() == {"a": "keep", "b": "keep", "c": "drop"}
    assert table.loc["c", "reason"] == "fewer than 3 leakage groups"


def test_small_classes_can_be_kept_but_not_empty_ones():
    table = enforce(settings(9, below="keep"))
    assert table["verdict"].tolist() == ["keep", "keep", "drop"]
    assert table.loc["c", "reason"] == "no photo left"


PARENTS = {"a": "benign", "b": "benign", "c": "malignant", "d": "malignant", "e": "malignant"}


def test_small_classes_join_their_parent():
    # a and b are too small alone, and large enough together; d has enough of its own; c and e stay too few (2 + 1).
    table = classes.enforce(
        *made_of({"a": 3, "b": 4, "c": 2, "d": 6, "e": 1}), {"c", "d"}, settings(5, 1, "merge"), parents=PARENTS
    ).set_index("label")
    assert table["becomes"].dropna().to_dict() == {"a": "benign", "b": "benign", "benign": "benign", "d": "d"}
    assert table["verdict"].to_dict() == {
        "a": "merge", "b": "merge", "benign": "keep", "c": "drop", "d": "keep", "e": "drop",
    }  # fmt: skip
    assert table.loc["a", "reason"] == "fewer than 5 photos, merged into benign"
    assert table.loc["benign", ["in_manifest", "curated", "used"]].tolist() == [0, 0, 7]
    assert table["class_id"].dropna().to_dict() == {"benign": 0, "d": 1}


def test_a_parent_with_photos_of_its_own_takes_small_children_in():
    table = classes.enforce(
        *made_of({"nevus": 6, "blue_nevus": 2, "melanoma": 6, "lentigo_maligna": 2}),
        {"melanoma", "lentigo_maligna"},
        settings(5, 1, "merge"),
        parents={"blue_nevus": "nevus", "lentigo_maligna": "melanoma"},
    ).set_index("label")
    assert table["used"].to_dict() == {"blue_nevus": 0, "lentigo_maligna": 0, "melanoma": 8, "nevus": 8}
    assert table.loc["melanoma", "malignant"]
    assert not table.loc["nevus", "malignant"]


def test_a_group_with_a_malignant_class_in_it_counts_as_malignant():
    table = classes.enforce(
        *made_of({"a": 3, "b": 4, "d": 6}), {"b"}, settings(5, 1, "merge"), parents={"a": "odd", "b": "odd"}
    ).set_index("label")
    assert table["malignant"].to_dict() == {"a": False, "b": True, "d": False, "odd": True}


def test_a_label_that_only_people_gave_is_a_class_too():
    # Of a's two photos one was relabelled x, and so were both of b.
    curated = CURATED.assign(label=list("aaxxxc"))
    table = classes.enforce(MANIFEST, INGESTED, curated, set(), settings(1), parents={}).set_index("label")
    assert table["in_manifest"].to_dict() == {"a": 3, "b": 2, "c": 1, "x": 0}
    assert table["curated"].to_dict() == {"a": 1, "b": 0, "c": 0, "x": 3}
    assert table["verdict"].to_dict() == {"a": "keep", "b": "drop", "c": "drop", "x": "keep"}


def test_fewer_than_two_classes_are_an_error_with_the_counts():
    with pytest.raises(LesionflowError, match="0 of 3 have 9 photos or more") as told:
        enforce(settings(9))
    assert "a 2, b 2, c 0" in str(told.value)


@hypothesis.settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 12), min_size=2),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefxy")),
    st.sampled_from(["drop", "merge", "keep"]),
)
def test_photos_reconcile_and_every_class_has_one_fate(tmp_path_factory, counts, parents, below):
    try:
        table = classes.enforce(*made_of(counts, 2), set(), settings(4, 2, below), parents=parents)
    except LesionflowError:
        return
    tables.write(table, tmp_path_factory.mktemp("classes") / "classes.parquet", tables.CLASSES)
    learned = table[table["verdict"] == "keep"]
    assert set(table["becomes"].dropna()) == set(learned["label"])
    assert learned["used"].sum() == table.loc[table["becomes"].notna(), "curated"].sum()
    assert (learned["used"] > 0).all()
    assert ((table["reason"] == "") == (table["verdict"] == "keep")).all()
