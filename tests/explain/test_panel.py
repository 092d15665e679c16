import numpy as np
import pandas as pd
from PIL import Image

from lesionflow.explain import panel
from lesionflow.explain.settings import GalleryParams

LABELS = ["acne", "eczema", "naevus"]


def settings(**changes):
    return GalleryParams(**{"right": 1, "wrong": 1, "uncertain": 1, "confusions": 1, "of_each": 2, **changes})


def predictions(*rows):
    """(name, truth, answer, probability of the answer)."""
    table = []
    for name, label, predicted, sure in rows:
        rest = (1 - sure) / 2
        probabilities = [sure if one == predicted else rest for one in LABELS]
        row = {"sha256": name, "split": "test", "label": label, "predicted": predicted}
        table.append(row | {"probabilities": probabilities})
    return pd.DataFrame(table)


TABLE = predictions(
    ("a", "acne", "acne", 0.9),
    ("b", "acne", "acne", 0.95),
    ("c", "acne", "eczema", 0.8),
    ("d", "eczema", "acne", 0.7),
    ("e", "eczema", "acne", 0.6),
    ("f", "naevus", "naevus", 0.5),
)


def test_of_each_class_the_surest_right_and_wrong_and_the_least_certain():
    shown, absent = panel.chosen(TABLE, LABELS, settings())
    by_kind = {kind: list(rows["sha256"]) for kind, rows in shown.groupby("kind")}
    assert by_kind["right"] == ["b", "f"]
    assert by_kind["wrong"] == ["c", "d"]
    assert by_kind["uncertain"] == ["c", "e", "f"]
    # The most frequent confusion: eczema taken for acne, twice.
    assert by_kind["confused"] == ["d", "e"]
    assert absent == ["No test photo of eczema is predicted right.", "No test photo of naevus is predicted wrong."]


def test_expected_confusions_are_shown_both_ways_and_unknown_classes_passed_over():
    expected = (("eczema", "acne"), ("eczema", "psoriasis"))
    shown, _ = panel.chosen(TABLE, LABELS, settings(confusions=0, expected=expected))
    assert list(shown.loc[shown["kind"] == "confused", "of"]) == ["eczema > acne", "eczema > acne", "acne > eczema"]


def test_a_test_set_of_one_class_without_mistakes_is_shown():
    shown, absent = panel.chosen(TABLE.head(2), LABELS, settings())
    assert set(shown["kind"]) == {"right", "uncertain"}
    assert len(absent) == 7  # of the two other classes nothing in three kinds, of acne no mistake


def test_the_outline_is_drawn_where_the_lesion_ends():
    photo = Image.new("RGB", (64, 64), (120, 120, 120))
    mask = np.zeros((32, 32), dtype=bool)
    mask[8:24, 8:24] = True
    drawn = np.asarray(panel.outlined(photo, mask))
    # On 64 pixels the lesion is 16 to 47: white on its edge, dark beside it, untouched in the middle and outside.
    assert drawn[16, 30].tolist() == [255, 255, 255]
    assert drawn[17, 30].tolist() == [0, 0, 0]
    assert drawn[30, 30].tolist() == drawn[5, 5].tolist() == [120, 120, 120]
