import pandas as pd
import pytest

from lesionflow.evaluate import audit
from lesionflow.evaluate.settings import EvaluateParams

SETTINGS = EvaluateParams(confidence=0.95, bootstrap=200, top_k=3, specificity=0.9)
LABELS = ["acne", "eczema"]


def answers(before, after, *, truth, name="watermark", groups=None):
    """Answers on photos as they are, and under one corruption of severity 3; one letter a photo, a or e."""
    rows = []
    for corruption, severity, said in (("none", 0, before), (name, 3, after)):
        for place, (label, predicted) in enumerate(zip(truth, said, strict=True)):
            row = {"sha256": f"p{place}", "corruption": corruption, "severity": severity, "area": 0.1 * (severity > 0)}
            row |= {"class_id": "ae".index(label), "predicted": LABELS["ae".index(predicted)]}
            row["probabilities"] = [0.75, 0.25] if predicted == "a" else [0.25, 0.75]
            rows.append(row | {"group": f"g{place if groups is None else groups[place]}"})
    return pd.DataFrame(rows)


def test_figures_by_hand():
    table = answers("aaee", "aaaa", truth="aaee")
    plain, marked = audit.curves(table, LABELS, SETTINGS, seed=1)
    assert (plain["corruption"], plain["severity"], plain["photos"], plain["majority"]) == ("none", 0, 4, 0.5)
    assert [plain[key]["value"] for key in ("accuracy", "flipped", "accuracy_lost")] == [1, 0, 0]
    # All are called acne: half of the answers flip and are wrong, and both photos that were no acne now are.
    assert [marked[key]["value"] for key in ("accuracy", "balanced_accuracy", "flipped")] == [0.5, 0.5, 0.5]
    assert marked["accuracy_lost"]["value"] == 0.5
    assert (marked["pulled"]["class"], marked["pulled"]["value"]) == ("acne", 1)
    # Two of four photos rise from 0.25 to 0.75.
    assert (marked["raised"]["class"], marked["raised"]["value"]) == ("acne", 0.25)
    assert marked["area"] == pytest.approx(0.1)


def test_balanced_accuracy_weighs_classes_alike():
    _, marked = audit.curves(answers("aaae", "aaaa", truth="aaae"), LABELS, SETTINGS, seed=1)
    assert marked["accuracy"]["value"] == 0.75
    assert marked["balanced_accuracy"]["value"] == 0.5


def test_intervals_hold_the_value_and_come_from_groups():
    table = answers("ae" * 20, "aa" * 20, truth="ae" * 20)
    pulled = audit.curves(table, LABELS, SETTINGS, seed=1)[1]["pulled"]
    assert pulled["value"] == pulled["low"] == 1  # whoever is drawn: all photos that had another answer
    lost = audit.curves(table, LABELS, SETTINGS, seed=1)[1]["accuracy_lost"]
    assert lost["low"] < lost["value"] == 0.5 < lost["high"]
    one = audit.curves(answers("aaee", "aaaa", truth="aaee", groups=[0] * 4), LABELS, SETTINGS, seed=1)[1]
    assert one["pulled"] == {"class": "acne", "value": 1, "low": None, "high": None}


def test_photos_that_lack_a_corruption_are_compared_with_themselves():
    table = answers("aaee", "aaee", truth="aaee", name="lesion_covered")
    table = table[(table["corruption"] == "none") | table["sha256"].isin(["p0", "p3"])]
    rows = audit.curves(table, LABELS, SETTINGS, seed=1)
    assert [(row["corruption"], row["photos"]) for row in rows] == [("none", 4), ("lesion_covered", 2)]
    assert rows[1]["flipped"]["value"] == 0


def test_a_single_class_has_an_accuracy():
    rows = audit.curves(answers("aaa", "aea", truth="aaa"), LABELS, SETTINGS, seed=1)
    assert rows[1]["majority"] == 1
    assert rows[1]["balanced_accuracy"]["value"] == pytest.approx(2 / 3)


def test_a_gain_is_net_of_what_is_lost():
    # Of four photos that were no acne one becomes it, of the other two one ceases to be: the gain of acne is 0.
    rows = audit.curves(answers("aaeeee", "aeaeee", truth="aaeeee"), LABELS, SETTINGS, seed=1)
    assert (rows[1]["pulled"]["class"], rows[1]["pulled"]["value"]) == ("acne", 0)


def test_without_photos_as_they_are_nothing_can_be_said():
    table = answers("aa", "aa", truth="ae")
    with pytest.raises(ValueError, match="answers on photos as they are: none"):
        audit.curves(table[table["corruption"] != "none"], LABELS, SETTINGS, seed=1)
