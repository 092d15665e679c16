import json

import pytest

from lesionflow.report import inputs, notices
from tests.report.written_run import PLAN, VALIDATION, write_run


def notices_of(root):
    found = notices.of(inputs.read(root / "outputs", root / "reports", list(VALIDATION)))
    return {notice.title: notice.text for notice in found}


def test_what_the_run_shows_is_warned_of(root):
    assert notices_of(root) == {
        "Untrained backbones": "untrained-study: the backbone's weights are random. Such figures only show that the "
        "code runs.",
        "Photos that did not arrive": "2 of 30 rows (6.7 %) failed: not found 1, undecodable 1.",
        "Small test split": "4 photos of 4 leakage groups: differences between models within their intervals are no "
        "findings.",
        "Data check: split": "class_photos: values to be between [min value 10]: 4 rows break it "
        "(few photos, wide intervals)",
    }


@pytest.mark.parametrize("said_in", [{"source": "synthetic"}, {"licence": "CC0-1.0 (Synthetic photos)"}])
def test_synthetic_photos_are_called_so_first(tmp_path, said_in):
    found = notices_of(write_run(tmp_path, **said_in))
    assert next(iter(found.items())) == (
        "Synthetic photos",
        "All photos are drawn by a program. The figures show that the pipeline works, and nothing about skin disease.",
    )


def test_class_that_is_never_recognised_is_named(root):
    path = root / "reports/confusion/second-study.csv"
    path.write_text(path.read_text().replace("melanoma,melanoma", "melanoma,nevus"))
    assert notices_of(root)["Classes never recognised"] == "second-study recognises no test photo of: melanoma."


def test_few_failures_are_left_to_the_funnel(tmp_path):
    plan = {**PLAN, "melanoma": {**PLAN["melanoma"], "rows": 400}}
    # 2 of 418 rows is less than 1 %.
    assert "Photos that did not arrive" not in notices_of(write_run(tmp_path, plan))


def test_memorising_and_collapsed_classes_are_named(root):
    path = root / "reports/training/second-study.json"
    signs = {"memorising": True, "collapsed": ["melanoma"], "train_accuracy": 0.975, "val_accuracy": 0.6}
    path.write_text(json.dumps(json.loads(path.read_text()) | signs))
    found = notices_of(root)
    assert found["Training photos learnt by heart"] == (
        "second-study reached 95 % training accuracy within 10 epochs while validation stood still "
        "(kept head: 97.5 % on training, 60.0 % on validation)."
    )
    assert found["Classes collapsed for want of photos"] == (
        "second-study recognises no validation photo of: melanoma. Each has fewer than 150 training photos."
    )
