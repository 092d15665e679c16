import io
from dataclasses import replace

import pandas as pd
import pytest

from lesionflow.report import inputs, leaderboard, notices
from tests.report.written_run import VALIDATION


@pytest.fixture
def models(root):
    return inputs.read(root / "outputs", root / "reports", list(VALIDATION)).models


def with_figures(model, part, **values):
    metrics = {**model.metrics, part: {**model.metrics[part], **values}}
    return replace(model, metrics=metrics)


def test_board_is_ordered_by_validation_and_never_looks_at_test(models):
    perfect = {"value": 1.0, "low": 1.0, "high": 1.0}
    models = [with_figures(models[0], "test", balanced_accuracy=perfect), *models[1:]]
    board = leaderboard.build(models)
    # Validation: second 0.80, first 0.70, untrained 0.30; first is best on test.
    assert list(board["model"]) == ["second-study", "first-study", "untrained-study"]
    assert list(board["selected"]) == [True, False, False]


def test_tie_keeps_the_order_of_active(models):
    tied = [with_figures(model, "val", balanced_accuracy=0.5) for model in models]
    assert list(leaderboard.build(tied)["model"]) == ["first-study", "second-study", "untrained-study"]


def test_model_without_validation_figure_comes_last_and_is_not_selected(models):
    board = leaderboard.build([with_figures(models[1], "val", balanced_accuracy=None), models[2]])
    assert list(board["model"]) == ["untrained-study", "second-study"]
    alone = leaderboard.build([with_figures(models[1], "val", balanced_accuracy=None)])
    assert not alone["selected"].any()


def test_csv_holds_plain_numbers_and_leaves_undefined_ones_empty(models):
    undefined = {"value": None, "low": None, "high": None}
    board = leaderboard.build([with_figures(models[0], "test", mcc=undefined)])
    read = pd.read_csv(io.StringIO(leaderboard.to_csv(board))).iloc[0]
    # first: every figure 0.70 with an interval of 0.05 on each side.
    assert (read["accuracy"], read["accuracy_low"], read["accuracy_high"]) == pytest.approx((0.70, 0.65, 0.75))
    assert pd.isna(read["mcc"])
    assert ",,," in leaderboard.to_csv(board)


def test_markdown_states_intervals_selection_and_what_weights_are_random(models):
    text = leaderboard.to_markdown(leaderboard.build(models), [], confidence=0.9)
    # MCC of second is half of 0.80.
    assert "| second-study (selected) | ImageNet-1k         |               80.0 % | 80.0 % [75.0, 85.0] |" in text
    assert "0.400 [0.350, 0.450]" in text
    assert "| untrained-study         | RANDOM, untrained   |" in text
    assert "which alone selects" in text
    assert "90 % intervals" in text
    assert "4 photos of 4 leakage groups" in " ".join(text.split())


def test_markdown_columns_stand_aligned(models):
    text = leaderboard.to_markdown(leaderboard.build(models), [], confidence=0.95)
    assert len({len(line) for line in text.splitlines() if line.startswith("|")}) == 1


def test_hostile_text_stays_text_in_markdown(models):
    hostile = replace(models[0], backbone={**models[0].backbone, "trained_on": "<script>|x\n# y"})
    warning = notices.Notice("<b>", "a|b\n- c")
    text = leaderboard.to_markdown(leaderboard.build([hostile]), [warning], confidence=0.95)
    assert "&lt;script>\\|x # y" in text
    assert "- **&lt;b>**: a\\|b - c" in text
