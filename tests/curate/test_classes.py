import pandas as pd
import pytest

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


def test_counts_follow_each_class_through_the_steps():
    table = classes.enforce(MANIFEST, INGESTED, CURATED, {"b"}, ClassesParams(min_images=2)).set_index("label")
    assert table.loc["a", ["in_manifest", "ingested", "curated", "groups"]].tolist() == [3, 2, 2, 2]
    assert table.loc["b", ["in_manifest", "ingested", "curated", "groups"]].tolist() == [2, 2, 2, 1]
    assert table.loc["c", ["in_manifest", "ingested", "curated", "groups"]].tolist() == [1, 1, 0, 0]
    assert table["verdict"].tolist() == ["keep", "keep", "drop"]
    assert table.loc["c", "reason"] == "fewer than 2 photos"
    assert table["class_id"].fillna(-1).tolist() == [0, 1, -1]
    assert table["malignant"].tolist() == [False, True, False]


def test_fewer_than_two_classes_are_an_error_with_the_counts():
    with pytest.raises(LesionflowError, match="0 of 3 have 9 photos or more") as told:
        classes.enforce(MANIFEST, INGESTED, CURATED, set(), ClassesParams(min_images=9))
    assert "a 2, b 2, c 0" in str(told.value)
