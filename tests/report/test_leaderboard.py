import io
from dataclasses import replace

import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report import inputs, leaderboard, notices
from tests.report.written_run import VALIDATION


@pytest.fixture
def run(root):
    return inputs.read(root / "outputs", root / "reports", list(VALIDATION))


@pytest.fixture
def models(run):
    return run.models


def with_figures(model, part, **values):
    metrics = {**model.metrics, part: {**model.metrics[part], **values}}
    return replace(model, metrics=metrics)


def test_board_is_ordered_by_validation_and_never_looks_at_test(models, run):
    perfect = {"value": 1.0, "low": 1.0, "high": 1.0}
    models = [with_figures(models[0], "test", balanced_accuracy=perfect), *models[1:]]
    board = leaderboard.build(models, run.comparison)
    # Validation: second 0.80, first 0.70, untrained 0.30; first is best on test.
    assert list(board["model"]) == ["second-study", "first-study", "untrained-study"]
    assert list(board["selected"]) == [True, False, False]


def test_tie_keeps_the_order_of_active(models, run):
    tied = [with_figures(model, "val", balanced_accuracy=0.5) for model in models]
    assert list(leaderboard.build(tied, run.comparison)["model"]) == ["first-study", "second-study", "untrained-study"]


def test_model_without_validation_figure_comes_last_and_is_not_selected(models, run):
    board = leaderboard.build([with_figures(models[1], "val", balanced_accuracy=None), models[2]], run.comparison)
    assert list(board["model"]) == ["untrained-study", "second-study"]
    alone = leaderboard.build([with_figures(models[1], "val", balanced_accuracy=None)], run.comparison)
    assert not alone["selected"].any()


def test_csv_holds_plain_numbers_and_leaves_undefined_ones_empty(models, run):
    undefined = {"value": None, "low": None, "high": None}
    board = leaderboard.build([with_figures(models[0], "test", mcc=undefined)], run.comparison)
    read = pd.read_csv(io.StringIO(leaderboard.to_csv(board))).iloc[0]
    # first: every figure 0.70 with an interval of 0.05 on each side.
    assert (read["accuracy"], read["accuracy_low"], read["accuracy_high"]) == pytest.approx((0.70, 0.65, 0.75))
    assert pd.isna(read["mcc"])
    assert ",,," in leaderboard.to_csv(board)


def test_markdown_states_intervals_selection_and_what_weights_are_random(models, run):
    text = leaderboard.to_markdown(leaderboard.build(models, run.comparison), [], confidence=0.9)
    # MCC of second is half of 0.80.
    assert "| second-study (selected) | ImageNet-1k         |" in text
    assert "| first-study | ImageNet-1k | 70.0 % | -10.0 [-25.0, +5.0], noise | 70.0 % [65.0, 75.0] |" in " ".join(
        text.split()
    )
    assert "0.400 [0.350, 0.450]" in text
    assert "| untrained-study         | RANDOM, untrained   |" in text
    assert "which alone selects" in text
    assert "90 % intervals" in text
    assert "4 photos of 4 leakage groups" in " ".join(text.split())


def test_markdown_columns_stand_aligned(models, run):
    text = leaderboard.to_markdown(leaderboard.build(models, run.comparison), [], confidence=0.95)
    assert len({len(line) for line in text.splitlines() if line.startswith("|")}) == 1


def test_hostile_text_stays_text_in_markdown(models, run):
    hostile = replace(models[0], backbone={**models[0].backbone, "trained_on": "<script>|x\n# y"})
    warning = notices.Notice("<b>", "a|b\n- c")
    text = leaderboard.to_markdown(leaderboard.build([hostile], run.comparison), [warning], confidence=0.95)
    assert "&lt;script&gt;\\|x \\# y" in text
    assert "- **&lt;b&gt;**: a\\|b - c" in text


def test_differences_from_the_best_say_what_is_noise(models, run):
    board = leaderboard.build(models, run.comparison)
    assert list(board["verdict"]) == ["best", "noise", "worse"]
    told = [leaderboard.difference(row, leaderboard.criterion(board)) for _, row in board.iterrows()]
    assert told == ["the best on validation", "-10.0 [-25.0, +5.0], noise", "-50.0 [-60.0, -40.0], worse"]


def test_board_is_ordered_by_the_criterion_of_the_comparison(models, run):
    models = [with_figures(models[0], "val", mcc=0.9), *models[1:]]
    apart = {"value": -0.05, "low": None, "high": None}
    compared = {"models": {slug: {"mcc": apart, "verdict": "noise"} for slug in VALIDATION}}
    board = leaderboard.build(models, {"criterion": "mcc", "best": "first-study", **compared})
    assert list(board["model"]) == ["first-study", "second-study", "untrained-study"]
    assert leaderboard.criterion(board).name == "MCC"
    # A coefficient has no points of a hundred.
    assert leaderboard.difference(board.iloc[1], leaderboard.criterion(board)) == "-0.050 [n/a], noise"
    assert "Ordered by MCC on the validation split" in leaderboard.caption(board, confidence=0.95)


def test_a_model_that_was_not_compared_is_an_error(models, run):
    compared = {**run.comparison, "models": {"first-study": {"verdict": "best"}}}
    with pytest.raises(LesionflowError, match="Run `dvc repro compare`"):
        leaderboard.build(models, compared)
