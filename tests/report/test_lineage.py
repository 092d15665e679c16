import hashlib

import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report import lineage
from tests.report.written_run import VALIDATION


def test_files_have_their_md5_as_dvc_computes_it(root):
    found = {row[0]: row[1:] for row in lineage.of(root, list(VALIDATION)).files.rows}
    content = (root / "outputs/split.parquet").read_bytes()
    assert found["outputs/split.parquet"] == [f"{len(content):,}", hashlib.md5(content).hexdigest()]
    assert len(found) == 7 + 1 + 3 * len(VALIDATION)


def test_tracked_content_is_listed_in_the_order_of_the_classifiers_and_a_joined_one_left_out(root):
    rows = lineage.of(root, ["second-study", "first-study"]).tracked.rows
    assert [row[0] for row in rows] == ["second-study", "first-study"]
    (root / "outputs/tracking/first-study.json").unlink()
    assert len(lineage.of(root, ["second-study", "first-study"]).tracked.rows) == 1


def test_settings_are_told_by_dotted_names(root):
    settings = dict(lineage.of(root, ["first-study"]).settings.rows)
    assert settings["active"] == '["first", "second", "untrained"]'
    assert settings["evaluate.confidence"] == "0.95"
    assert settings["joined"] == "[]"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("params.yaml", "a: [", "not valid YAML"),
        ("params.yaml", "3", "no settings"),
        ("params.yaml", None, "no such file"),
        ("dvc.yaml", None, "no such file"),
        ("outputs/traits.parquet", None, "no such file\n  to do:    Run `dvc repro`."),
    ],
)
def test_what_is_missing_or_damaged_is_named(root, name, content, message):
    (root / name).unlink() if content is None else (root / name).write_text(content)
    with pytest.raises(LesionflowError) as caught:
        lineage.of(root, ["first-study"])
    assert message in str(caught.value)
