"""The files that the pipeline leaves for one model, small and made by hand."""

import json
from pathlib import Path

from lesionflow import tables
from lesionflow.adapters.content import Subject
from tests.adapters import sound_tables

PARAMS = {
    "model": {
        "timm": "test_efficientnet.r160_in1k",
        "weights": {"source": "random", "licence": "none", "trained_on": "nothing"},
    },
    "train": {"hidden": 4},
    "seed": 7,
}
CNN = Subject("cnn", (("cnn", "cnn"),))
METRICS = {
    "model": "cnn",
    "test": {"photos": 2, "mcc": {"value": 0.5, "low": 0.25, "high": 0.75}, "top_3": dict.fromkeys(("value", "low"))},
    "val": {"mcc": 0.5},
    "train": {"mcc": 1.0},
}  # fmt: skip
HISTORY = "epoch,train_loss,val_loss\n1,1.5,1.75\n2,1.0,1.25\n"
HEAD = {
    "labels": ["eczema", "nevus"],
    "width": 8,
    "hidden": 4,
    "dropout": 0.4,
    "best_epoch": 2,
    "epochs": 2,
    "weights_sha256": "ab12",
}


def put(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def write(root: Path, slug: str = "cnn") -> Path:
    put(root / f"outputs/backbones/{slug}.json", {"model": slug, "weights_sha256": "ab12", "licence": "MIT"})
    put(root / f"outputs/heads/{slug}/head.json", HEAD)
    put(root / f"outputs/heads/{slug}/head.safetensors", "tensors")
    put(root / f"outputs/explain/{slug}/index.json", {"items": []})
    put(root / f"outputs/explain/{slug}/a.jpg", "jpg")
    put(root / f"reports/confusion/{slug}.csv", "actual,predicted\nnevus,nevus\n")
    put(root / f"reports/explain/{slug}.json", {"photos": 2, "blank": 0})
    put(root / f"reports/history/{slug}.csv", HISTORY)
    put(root / f"reports/metrics/{slug}.json", METRICS)
    put(root / f"reports/per_class/{slug}.csv", "label,recall\nnevus,1\n")
    put(root / f"reports/training/{slug}.json", {"model": slug, "tau": 0.5, "memorising": False})
    put(
        root / f"reports/calibration/{slug}.json",
        {"temperature": 1.25, "abstention": {"threshold": 0.5}, "raw": {"ece": {"value": 0.1, "low": None}}},
    )
    for table in ("coverage", "reliability", "risk", "subgroups"):
        put(root / f"reports/{table}/{slug}.csv", "coverage\n0.5\n")
    worst = {"sex": {"accuracy": {"subgroup": "male", "value": 0.25, "of": 2}, "mcc": None, "brier": {"value": 1}}}
    put(root / f"reports/subgroups/{slug}.json", {"worst": worst})
    for table in ("manifest", "predictions"):
        put(root / f"reports/validation/{table}.json", {"table": table, "success": True})
    frame = sound_tables.predictions()
    tables.write(frame[frame["model"] == "cnn"], root / f"outputs/predictions/{slug}.parquet", tables.PREDICTIONS)
    return root
