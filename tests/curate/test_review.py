import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow import tables
from lesionflow.curate import review
from lesionflow.curate.outoffold import OutOfFold
from lesionflow.curate.settings import ReviewParams
from lesionflow.errors import LesionflowError

WIDTH = 8


def params(**changes):
    return ReviewParams(**{"folds": 5, "neighbours": 5, "min_distance": 2.5, "max_listed_share": 1.0, **changes})


def made(counts, seed=0):
    """Tables split and features: one Gaussian cloud a class, ten deviations from the others."""
    generator = np.random.default_rng(seed)
    class_ids = np.repeat(np.arange(len(counts)), counts)
    names = np.array([f"{place:04d}" for place in range(len(class_ids))], dtype=object)
    split = pd.DataFrame({"sha256": names, "record_id": "m:" + names, "class_id": class_ids, "group": names})
    split = split.assign(label=split["class_id"].map("c{}".format), split="train")
    matrix = 10 * np.eye(len(counts), WIDTH)[class_ids] + generator.normal(size=(len(class_ids), WIDTH))
    return split, pd.DataFrame({"sha256": names, "features": list(matrix)})


def with_features(features, place, vector):
    vectors = list(features["features"])
    vectors[place] = vector
    return features.assign(features=vectors)


def flipped(split, places):
    """The split with the labels of the rows at `places` moved to the next class."""
    changed = split.copy()
    changed.loc[places, "class_id"] = (split.loc[places, "class_id"] + 1) % split["class_id"].nunique()
    return changed.assign(label=changed["class_id"].map("c{}".format))


def of_kind(table, kind):
    return table[table["kind"] == kind].sort_values("rank")


def test_most_planted_label_errors_come_first_with_the_right_suggestion():
    split, features = made([100, 100, 100])
    places = np.random.default_rng(5).choice(300, 15, replace=False)  # 5 %
    table, counts = review.review(flipped(split, places), features, params(), seed=1)
    top = of_kind(table, "label_error").head(15)
    right = top["sha256"].isin(split.loc[places, "sha256"])
    assert right.sum() >= 13
    truth = split.set_index("sha256")["label"]
    assert (top.loc[right, "suggested"] == top.loc[right, "sha256"].map(truth)).all()
    assert counts["kinds"]["label_error"]["judged"] == 300


def test_labels_of_a_rare_class_are_not_doubted_for_being_rare():
    split, features = made([200, 200, 12])
    table, _ = review.review(split, features, params(), seed=1)
    assert "c2" not in set(of_kind(table, "label_error")["label"])


def test_planted_off_topic_photos_come_first():
    split, features = made([60, 60])
    for place, axis in ((3, 6), (70, 7)):  # each alone in a direction that no other photo has
        features = with_features(features, place, 40 * np.eye(WIDTH)[axis])
    table, counts = review.review(split, features, params(), seed=1)
    top = of_kind(table, "off_topic")
    assert set(top["sha256"].head(2)) == {"0003", "0070"}
    assert top["suggested"].isna().all()
    assert top["evidence"].iloc[0].endswith("times as far from its class as is usual there")
    assert counts["kinds"]["off_topic"]["judged"] == 120


def test_label_error_is_told_with_its_numbers():
    # Photo 2, labelled nevus, is melanoma with 0.9; of all others the label is the likeliest.
    own = np.array([0.55, 0.55, 0.1, 0.7, 0.7, 0.7, 0.7])
    class_ids = np.array([0, 0, 0, 1, 1, 1, 1])
    probabilities = np.where(class_ids[:, None] == [0, 1], own[:, None], 1 - own[:, None])
    predicted = OutOfFold(probabilities, np.ones(7, dtype=bool))
    found = review.label_errors(predicted, class_ids, np.array(["nevus", "melanoma"], dtype=object)).found
    assert found["position"].tolist() == [2]
    assert found["suggested"].tolist() == ["melanoma"]
    assert found["score"].tolist() == pytest.approx([0.1])
    assert found["evidence"].tolist() == ["a model that never saw it: melanoma 90.0 %, nevus 10.0 %"]


def test_off_topic_starts_at_the_distance_that_is_set():
    found = review.off_topic(np.array([1.0, np.nan, 2.5, 2.49, 4.0]), 2.5)
    assert found.judged.tolist() == [True, False, True, True, True]
    assert found.found["position"].tolist() == [2, 4]
    assert found.found["score"].tolist() == pytest.approx([0.082085, 0.018316], rel=1e-4)  # exp(-2.5), exp(-4)
    assert found.found["evidence"].iloc[1] == "4.0 times as far from its class as is usual there"


def test_reviewed_photos_are_not_listed_again_and_are_counted():
    split, features = made([60, 60])
    wrong = flipped(split, [5, 80])
    first, _ = review.review(wrong, features, params(), seed=1)
    again, counts = review.review(wrong, features, params(), seed=1, reviewed={"0005", "elsewhere"})
    doubted = of_kind(first, "label_error")
    assert "0005" in set(doubted["sha256"])
    rest = of_kind(again, "label_error")
    assert rest["sha256"].tolist() == [name for name in doubted["sha256"] if name != "0005"]
    assert rest["rank"].tolist() == list(range(1, len(rest) + 1))
    assert counts["kinds"]["label_error"]["reviewed"] == 1


def test_no_more_than_the_share_is_listed_and_what_is_left_out_is_counted():
    split, features = made([60, 60])
    table, counts = review.review(flipped(split, range(0, 120, 10)), features, params(max_listed_share=0.05), seed=1)
    told = counts["kinds"]["label_error"]
    assert told["found"] > 6  # twelve were flipped
    assert (len(of_kind(table, "label_error")), told["listed"]) == (6, 6)  # 5 % of 120
    assert told["found"] == told["reviewed"] + told["listed"] + told["left_out"]


def test_order_of_rows_changes_nothing_and_the_same_again_gives_the_same_bytes(tmp_path):
    split, features = made([40, 40, 40])
    wrong = flipped(split, [3, 50])
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, order in zip(paths, (slice(None), slice(None, None, -1)), strict=True):
        table, _ = review.review(wrong[order], features[order], params(), seed=1)
        tables.write(table, path, tables.REVIEW)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_features_that_are_no_numbers_name_the_photo():
    split, features = made([10, 10])
    features = with_features(features, 13, np.full(WIDTH, np.nan))
    with pytest.raises(LesionflowError, match="features: photo 0013\n  got:      NaN or infinity"):
        review.review(split, features, params(), seed=1)


def test_a_photo_without_features_is_named():
    split, features = made([10, 10])
    with pytest.raises(LesionflowError, match="features: photo 0004\n  got:      no features, as of 1 photos"):
        review.review(split, features.drop(4), params(), seed=1)


def without_groups(split, features):
    """All photos of class 1 in one group."""
    return split.assign(group=split["group"].where(split["class_id"] != 1, "one")), features


def identical(split, features):
    return split, features.assign(features=[np.ones(WIDTH)] * len(features))


@pytest.mark.parametrize(
    ("counts", "change", "not_judged"),
    [
        ([20, 20], without_groups, {"c1": 20}),
        ([20, 20], identical, {"c0": 20, "c1": 20}),
        ([1, 1, 1], lambda *data: data, {"c0": 1, "c1": 1, "c2": 1}),
        ([30, 30, 1], lambda *data: data, {"c2": 1}),
    ],
    ids=["a class in one group", "identical features", "one photo a class", "one photo in a class"],
)
def test_photos_with_nothing_to_compare_with_are_counted_as_not_judged(tmp_path, counts, change, not_judged):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a user reads the counts, not the warnings of libraries
        table, told = review.review(*change(*made(counts)), params(), seed=1)
    assert told["kinds"]["off_topic"]["not_judged"] == not_judged
    # With class 1 alone left to judge in the first case, there is nothing to take its photos for.
    alone = {"c0": 20, "c1": 20} if not_judged == {"c1": 20} else not_judged
    assert told["kinds"]["label_error"]["not_judged"] == alone
    tables.write(table, tmp_path / "review.parquet", tables.REVIEW)
    assert not set(table["label"]) & set(not_judged)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=30), st.integers(2, 6))
def test_any_classes_and_groups_give_counts_that_reconcile(rows, folds):
    # Class ids may have gaps, groups may hold several classes.
    names = [f"{place:02d}" for place in range(len(rows))]
    split = pd.DataFrame({"sha256": names, "record_id": names, "split": "train"})
    split["class_id"], split["group"] = [row[0] for row in rows], [f"g{row[1]}" for row in rows]
    split["label"] = split["class_id"].map("c{}".format)
    vectors = np.random.default_rng(len(rows)).normal(size=(len(rows), 3))
    features = pd.DataFrame({"sha256": names, "features": list(vectors)})
    table, counts = review.review(split, features, params(folds=folds, max_listed_share=0.1), seed=1)
    assert counts["photos"] == len(rows)
    for kind, told in counts["kinds"].items():
        assert told["judged"] + sum(told["not_judged"].values()) == len(rows)
        assert told["found"] == told["listed"] + told["left_out"]
        assert of_kind(table, kind)["rank"].tolist() == list(range(1, told["listed"] + 1))
        assert of_kind(table, kind)["score"].is_monotonic_increasing


def test_list_for_people_is_ordered_and_runs_nowhere():
    table = pd.DataFrame(
        {
            "sha256": ["a", "b", "b"],
            "record_id": ["m:2", "=1+1", "=1+1"],
            "label": ["nevus", "-x", "-x"],
            "suggested": [None, "nevus", None],
            "kind": ["off_topic", "label_error", "off_topic"],
            "score": [0.0123456, 0.5, 0.001],
            "rank": [2, 1, 1],
            "evidence": ["far", "doubted", "far"],
        }
    )
    assert review.to_csv(table) == (
        "kind,rank,record_id,label,suggested,score,reason\n"
        "label_error,1,'=1+1,'-x,nevus,0.5,doubted\n"
        "off_topic,1,'=1+1,'-x,,0.001,far\n"
        "off_topic,2,m:2,nevus,,0.01235,far\n"
    )
