import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report import mistakes
from lesionflow.report.mistakes import Mistake

LABELS = ["a", "b", "c"]
# a: 2 right, 1 as b; b: 2 as c; c: 1 as b.
ROWS = pd.DataFrame({"actual": list("aaabbc"), "predicted": list("aabccb")})


def test_counts_have_truth_in_rows():
    assert mistakes.counts(ROWS, LABELS, name="m").tolist() == [[2, 1, 0], [0, 0, 2], [0, 1, 0]]


def test_largest_mistake_is_named_first_and_equal_counts_go_by_share():
    found = mistakes.largest(mistakes.counts(ROWS, LABELS, name="m"), LABELS, most=2)
    # One photo each: c as b is all of c, a as b a third of a.
    assert found == [Mistake("b", "c", 2, 2), Mistake("c", "b", 1, 1)]
    assert found[0].share == 1


def test_class_without_photos_is_not_called_unrecognised():
    rows = ROWS[ROWS["actual"] != "c"]
    assert mistakes.never_recognised(mistakes.counts(rows, LABELS, name="m"), LABELS) == ["b"]


def test_label_of_another_run_is_refused():
    with pytest.raises(LesionflowError) as caught:
        mistakes.counts(ROWS, ["a", "b"], name="m")
    assert str(caught.value) == (
        "reports/confusion/m.csv: unknown class\n"
        "  got:      'c'\n"
        "  expected: one of a, b\n"
        "  to do:    The file is of another run: `dvc repro evaluate@m`."
    )
