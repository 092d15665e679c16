import pandas as pd

from lesionflow.curate import split_summary
from lesionflow.curate.splitting import Split
from tests.curate.split_rows import SHARES


def test_summary_tells_parts_classes_and_what_happened_to_groups():
    # Class a: 7 train, 2 val, 1 test; class b: 7, 1, 2. Farthest off: a's val and test, b's too, by 5 points; the first
    # in the order of labels and of train, val, test is told. Group g holds one photo of either class.
    split = (["train"] * 7 + ["val"] * 2 + ["test"]) + (["train"] * 7 + ["val"] + ["test"] * 2)
    table = pd.DataFrame({"label": ["a"] * 10 + ["b"] * 10, "split": split, "group": [f"g{n}" for n in range(20)]})
    table.loc[[0, 10], "group"] = "g"
    found = Split(table, moved=3, frozen=pd.Series({"g": "train", "g4": "train"}), joined=1, set_aside=["x:1"])
    assert split_summary.summarise(found, SHARES) == {
        "train": {"photos": 14, "share": 0.7, "classes": {"a": 7, "b": 7}},
        "val": {"photos": 3, "share": 0.15, "classes": {"a": 2, "b": 1}},
        "test": {"photos": 3, "share": 0.15, "classes": {"a": 1, "b": 2}},
        "scheme": "shares",
        "largest_class_deviation": {"points": 5.0, "label": "a", "split": "val"},
        "groups": {
            "all": 19,
            "spanning_labels": 1,
            "moved_for_shares": 3,
            "frozen": 2,
            "frozen_in_several_parts": 1,
        },
        "set_aside": {"photos": 1, "record_ids": ["x:1"]},
    }
