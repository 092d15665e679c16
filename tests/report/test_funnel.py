import re
from dataclasses import replace

import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report import funnel, inputs
from lesionflow.report.funnel import Loss


@pytest.fixture
def run(root):
    return inputs.ledger(root / "outputs", root / "reports")


def test_funnel_reconciles_with_a_reason_for_every_lost_row(run):
    # See the table in written_run.py.
    assert [(step.rows, step.losses) for step in funnel.steps(run)] == [
        (30, []),
        (28, [Loss("not found", 1), Loss("undecodable", 1)]),
        (24, [Loss("near duplicate", 2), Loss("blurred", 1), Loss("exact duplicate", 1)]),
        (21, [Loss("rare: too few photos", 3)]),
    ]


def test_row_that_vanished_without_a_reason_is_refused(run):
    lost = replace(run, split=run.split.iloc[1:])
    message = "report: counts do not reconcile at 'In classes with enough photos'"
    with pytest.raises(LesionflowError, match=re.escape(message)) as caught:
        funnel.steps(lost)
    assert "24 rows before, 3 lost with a reason, 20 after" in str(caught.value)


def test_photos_that_the_frozen_split_sets_aside_are_a_step_of_their_own(run):
    gone = run.split["record_id"].iloc[0]
    aside = replace(run, split=run.split.iloc[1:], set_aside=[gone])
    assert [(step.rows, step.losses) for step in funnel.steps(aside)][3:] == [
        (21, [Loss("rare: too few photos", 3)]),
        (20, [Loss(funnel.SET_ASIDE, 1)]),
    ]
    # Said to be set aside, and in the split all the same: 21 before, 1 lost, 21 after.
    with pytest.raises(LesionflowError, match="do not reconcile at 'Not set aside by the frozen split'"):
        funnel.steps(replace(run, set_aside=[gone]))


def test_split_counts_follow_the_class_ids(run):
    counts = funnel.split_counts(run)
    assert counts.to_numpy().tolist() == [[6, 2, 2], [7, 2, 2]]
    assert list(counts.index) == ["melanoma", "nevus"]


def test_sources_count_rows_fetched_and_used(run):
    row = funnel.sources(run).iloc[0]
    assert tuple(row) == ("atlas", "CC-BY-4.0", "A. Nobody", 30, 28, 21)


def test_many_attributions_are_not_all_named(run):
    names = [f"person {place % 5}" for place in range(30)]
    many = replace(run, manifest=run.manifest.assign(attribution=names))
    assert funnel.sources(many)["attribution"][0] == "person 0; person 1; person 2; and 2 more"
