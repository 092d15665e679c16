"""`lesionflow promote` on a store, with classifiers whose answers are made by hand."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from lesionflow import tables
from lesionflow.adapters import content, provenance, registry, tracking
from lesionflow.errors import LesionflowError
from lesionflow.lineage import promoted
from tests.adapters import sound_results
from tests.adapters.sound_results import put

LABELS = ["eczema", "nevus"]
RULES = {
    "registered_model": "lesionflow", "min_gain": {"balanced_accuracy": 0.0, "mcc": 0.0}, "min_photos": 100,
    "max_lost_share": 0.05, "max_relabelled_share": 0.05, "min_class_photos": 30, "class_margin": 0.05,
    "max_calibration_rise": 0.05, "require_audit": False,
}  # fmt: skip
PARAMS = {
    "active": ["cnn"], "active_recipes": ["study"], "joined": [], "models": {"cnn": sound_results.PARAMS["model"]},
    "recipes": {"study": {}}, "track": {"experiment": "skin", "registered_prefix": "lesionflow-"}, "seed": 7,
    "evaluate": {"bootstrap": 200, "confidence": 0.95}, "compare": {"criterion": "accuracy"}, "promote": RULES,
    "calibrate": {"bins": 10, "coverage": 0.9, "target_risk": 0.1}, "curate": {},
    "extract_features": {}, "subgroups": {},
}  # fmt: skip
PARTS = ["test"] * 200 + ["val"] * 40 + ["train"] * 40


def answers(share, parts=PARTS):
    """Predictions of eczema and nevus in turn, of which so large a share is right, said with 0.75."""
    class_id = np.arange(len(parts)) % 2
    right = (np.arange(len(parts)) // 2) % 20 < 20 * share
    given = np.where(right, class_id, 1 - class_id)
    frame = pd.DataFrame({"sha256": [f"{number:064x}" for number in range(len(parts))], "model": "cnn-study"})
    frame["split"], frame["group"] = parts, [f"g{number}" for number in range(len(parts))]
    frame["label"], frame["class_id"] = [LABELS[one] for one in class_id], class_id
    frame["predicted"] = [LABELS[one] for one in given]
    frame["probabilities"] = [np.float32([0.75, 0.25] if one == 0 else [0.25, 0.75]) for one in given]
    return frame


def classes():
    whole = dict.fromkeys(("in_manifest", "ingested", "curated", "groups", "used"), 140)
    rows = [{"label": label, **whole, "becomes": label, "class_id": number} for number, label in enumerate(LABELS)]
    frame = pd.DataFrame(rows).assign(verdict="keep", reason="", malignant=False)
    return frame.astype({"class_id": "Int64"})


class Run:
    def __init__(self, root):
        self.root = sound_results.write(root, "cnn-study")
        (root / "outputs/backbones/cnn-study.json").rename(root / "outputs/backbones/cnn.json")
        put(root / "params.yaml", yaml.safe_dump(PARAMS))
        tables.write(classes(), root / "outputs/classes.parquet", tables.CLASSES)

    def track(self, share, *, explained=None, parts=PARTS):
        """A run whose classifier is right so often; the key of its content."""
        tables.write(answers(share, parts), self.root / "outputs/predictions/cnn-study.parquet", tables.PREDICTIONS)
        figures = {"photos": 200, "balanced_accuracy": {"value": share, "low": share - 0.05, "high": share + 0.05}}
        put(self.root / "reports/metrics/cnn-study.json", {"test": figures})
        put(self.root / "reports/explain/cnn-study.json", explained or {})
        about = content.subject("cnn-study")
        found = content.gather(about, content.settings(about), root=self.root)
        names = {"experiment": "skin", "registered_model": "lesionflow-cnn-study"}
        tracking.track(found, **names, tags=provenance.tags(found))
        return found.key


@pytest.fixture
def run(tmp_path, store, monkeypatch):
    (tmp_path / "mlflow.db").write_bytes(store)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Run(tmp_path)


def report(root):
    return json.loads((root / "reports/promotion.json").read_text())


def test_a_champion_is_made_defended_and_beaten(run):
    first = run.track(0.7)
    assert "becomes champion" in promoted.promote(dry_run=False)
    assert (registry.champion("lesionflow").key, report(run.root)["champion"]) == (first, None)
    assert "already: the same content" in promoted.promote(dry_run=False)

    run.track(0.7 - 0.1)
    assert "stays challenger" in promoted.promote(dry_run=False)
    assert {reason.split(":")[0] for reason in report(run.root)["reasons"]} >= {
        "gain in balanced accuracy",
        "gain in MCC",
    }
    assert registry.champion("lesionflow").key == first

    better = run.track(0.9)
    table = promoted.promote(dry_run=True)
    assert "becomes champion" in table
    assert "dry run" in table
    assert (report(run.root)["applied"], registry.champion("lesionflow").key) == (False, first)
    promoted.promote(dry_run=False)
    found = report(run.root)
    assert registry.champion("lesionflow").key == better
    assert found["differences"]["balanced_accuracy"]["value"] == pytest.approx(0.2)
    assert found["photos"] == {
        "compared": 200, "groups": 200, "answered_anew": 0, "learned_by_champion": 0, "gone_from_test": 0,
        "relabelled": 0,
    }  # fmt: skip


def test_a_failed_audit_and_a_test_that_shrank_are_refused_with_the_reason(run):
    run.track(0.7)
    promoted.promote(dry_run=False)
    audit = {"shortcut_audit_fails": True, "verdict": {"fails": [{"says": "It follows rulers."}]}}
    run.track(0.9, explained=audit)
    promoted.promote(dry_run=False)
    assert any("It follows rulers." in reason for reason in report(run.root)["reasons"])
    # 20 of the 200 photos that the champion was tested on are train now: 10 %.
    run.track(0.9, parts=["train"] * 20 + PARTS[20:])
    promoted.promote(dry_run=False)
    assert [reason.split(":")[0] for reason in report(run.root)["reasons"]] == ["photos gone from the champion's test"]


def test_a_candidate_that_nobody_tracked_is_told(run):
    run.track(0.7)
    put(run.root / "reports/history/cnn-study.csv", "epoch,val_loss\n1,2\n")
    with pytest.raises(LesionflowError, match=r"not tracked(.|\n)*lesionflow sync"):
        promoted.promote(dry_run=False)
