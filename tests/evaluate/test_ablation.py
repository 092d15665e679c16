import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import ablation, predictions
from lesionflow.evaluate.ablation import Cell

LABELS = ["x", "y"]
ASKED = {"count": 300, "confidence": 0.95, "seed": 1}


def table(right, *, groups=None) -> pd.DataFrame:
    """Predictions of test photos of x and y in turn, of which those flagged are right."""
    class_id = np.arange(len(right)) % 2
    names = [f"{row:04}" for row in range(len(right))]
    frame = pd.DataFrame({"sha256": names, "class_id": class_id, "label": [LABELS[one] for one in class_id]})
    frame = frame.assign(split="test", group=names if groups is None else groups)
    return predictions.table(frame, np.eye(2)[np.where(right, class_id, 1 - class_id)], LABELS, model="m")


def rights(percent: int, photos: int = 200) -> np.ndarray:
    """So large a share of the photos, spread evenly over both classes."""
    return (np.arange(photos) // 2) % 100 < percent


@given(st.sampled_from(["full", "lp_ft"]), st.integers(0, 100), st.integers(0, 10**6))
def test_a_cells_name_is_read_as_it_was_written(strategy, share, seed):
    cell = Cell(strategy, share, seed)
    assert ablation.parse(cell.name) == cell


@pytest.mark.parametrize("name", ["", "full", "full-10", "-10-0", "full-x-0", "full-0.1-0", "full-10--1", "full-101-0"])
def test_other_names_are_refused(name):
    with pytest.raises(LesionflowError, match="expected: <strategy>-<percent of the training photos>-<seed>"):
        ablation.parse(name)


def test_cells_of_the_first_seed_and_the_smallest_share_come_first():
    names = [cell.name for cell in ablation.cells(["frozen", "full"], [100, 10], [5, 6])]
    assert names[:4] == ["frozen-10-5", "full-10-5", "frozen-100-5", "full-100-5"]
    assert len(names) == len(set(names)) == 8


def test_figures_stand_beside_what_is_told_of_the_training():
    found = ablation.figures({Cell("full", 25, 3): table(rights(75))}, {Cell("full", 25, 3): {"photos": 40}}, LABELS)
    assert {name: found[0][name] for name in ("strategy", "share", "seed", "photos", "accuracy")} == {
        "strategy": "full", "share": 0.25, "seed": 3, "photos": 40, "accuracy": 0.75,
    }  # fmt: skip
    assert not [name for name in found[0] if name.startswith("malignant")]


def test_a_difference_is_the_mean_over_seeds_of_pairs():
    tables = {
        Cell("frozen", 10, 0): table(rights(50)),
        Cell("full", 10, 0): table(rights(60)),
        Cell("frozen", 10, 1): table(rights(40)),
        Cell("full", 10, 1): table(rights(70)),
        Cell("full", 10, 2): table(rights(99)),  # without its frozen cell, it tells nothing
        Cell("frozen", 50, 0): table(rights(99)),  # nor does this one without another
    }
    (row,) = ablation.compared(tables, LABELS, **ASKED)
    assert (row["strategy"], row["share"], row["seeds"]) == ("full", 0.1, [0, 1])
    # The mean of 0.1 and 0.3. Both classes have the same share of right answers, so that balanced accuracy is the same.
    assert row["accuracy"]["value"] == pytest.approx(0.2)
    assert row["balanced_accuracy"]["value"] == pytest.approx(0.2)
    # Resamples that draw one seed twice reach to 0.1 and to 0.3.
    assert row["accuracy"]["low"] < 0.1 < 0.3 < row["accuracy"]["high"]


def test_equal_cells_differ_by_nothing_however_they_are_resampled():
    tables = {Cell(way, 10, seed): table(rights(60)) for way in ("frozen", "full") for seed in (0, 1)}
    (row,) = ablation.compared(tables, LABELS, **ASKED)
    assert row["mcc"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_the_interval_knows_that_photos_of_a_group_are_alike():
    alone = {"frozen": rights(50), "full": rights(60)}
    # Groups of 20 photos that are right or wrong together: fewer chances to differ, and a wider interval.
    order = np.argsort(~rights(50), kind="stable")
    wide = {way: flags[order] for way, flags in alone.items()}
    groups = [f"g{place // 20:02}" for place in range(200)]
    spans = []
    for flags, names in ((alone, None), (wide, groups)):
        tables = {Cell(way, 10, 0): table(flags[way], groups=names) for way in flags}
        (row,) = ablation.compared(tables, LABELS, **ASKED)
        spans.append(row["accuracy"]["high"] - row["accuracy"]["low"])
    assert spans[1] > spans[0]


def test_a_single_group_has_no_interval_and_an_undefined_figure_no_value():
    # Everything is called x: MCC is 0 / 0.
    one_sided = table(np.arange(20) % 2 == 0, groups=["g"] * 20)
    tables = {Cell("frozen", 10, 0): one_sided, Cell("full", 10, 0): table([True] * 20, groups=["g"] * 20)}
    (row,) = ablation.compared(tables, LABELS, **ASKED)
    assert row["mcc"] == {"value": None, "low": None, "high": None}
    assert row["accuracy"] == {"value": 0.5, "low": None, "high": None}


def test_no_cells_give_no_rows():
    assert ablation.compared({}, LABELS, **ASKED) == []


def test_cells_tested_on_other_photos_are_refused():
    tables = {Cell("frozen", 10, 0): table(rights(50)), Cell("full", 10, 0): table(rights(50, 100))}
    with pytest.raises(LesionflowError, match="full-10-0\n  got:      100 test photos, not those of frozen-10-0"):
        ablation.compared(tables, LABELS, **ASKED)


def test_the_order_of_cells_changes_no_figure():
    tables = {Cell(way, 10, seed): table(rights(50 + 10 * seed)) for way in ("frozen", "full") for seed in (0, 1)}
    turned = dict(reversed(tables.items()))
    assert ablation.compared(tables, LABELS, **ASKED) == ablation.compared(turned, LABELS, **ASKED)
