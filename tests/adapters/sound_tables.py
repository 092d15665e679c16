"""Small sound tables, one a kind, for tests that break them."""

import hashlib

import numpy as np
import pandas as pd

from lesionflow import tables

SHARES = {"train": 0.5, "val": 0.25, "test": 0.25}
MODELS = ["cnn", "vit"]
SPLITS = ["train", "train", "val", "test"]


def sha(name):
    return hashlib.sha256(name.encode()).hexdigest()


def manifest():
    rows = [
        {
            "record_id": f"clinic:{number}",
            "manifest": "clinic",
            "url": f"{number}.jpg",
            "label": "nevus" if number % 2 else "eczema",
            "label_raw": "NV",
            "source": "clinic",
            "licence": "CC0-1.0",
            "attribution": "",
            "checksum": f"sha256:{sha(str(number))}" if number % 2 else None,
            "group": f"clinic:{number}",
            "age": 40.0 if number else None,
            "sex": "female" if number else None,
            "body_site": None,
            "skin_type": 6,
            "skin_tone": None,
            "mask": None,
        }
        for number in range(4)
    ]
    return pd.DataFrame(rows).astype({"skin_type": "Int64"})


def ingested():
    stored = {
        "status": "stored", "reason": "", "detail": "", "fetched_length": 12, "shard": "clinic-0.tar", "offset": 512,
        "length": 9, "format": "jpg", "width": 640, "height": 480, "mask_sha256": sha("mask"), "mask_offset": 1536,
        "mask_length": 4, "final_url": None,
    }  # fmt: skip
    failed = dict.fromkeys(stored) | {"status": "failed", "reason": "not_found", "detail": "404"}
    rows = [
        {"record_id": f"clinic:{n}", "sha256": sha(str(n)), "fetched_sha256": sha(f"f{n}"), **stored} for n in range(9)
    ]
    rows.append({"record_id": "clinic:9", "sha256": None, "fetched_sha256": None, **failed})
    frame = pd.DataFrame(rows).assign(key="0123456789abcdef", licence="CC0", attribution="")
    whole = [name for name, column in tables.INGESTED.columns.items() if column == tables.MAYBE_WHOLE]
    return frame.astype(dict.fromkeys(whole, "Int64"))[list(tables.INGESTED.columns)]


def curated():
    # Rows 0 and 1 are duplicates, of which 0 is kept; 2 and 3 stand alone; 4 never arrived.
    return pd.DataFrame(
        {
            "record_id": [f"clinic:{n}" for n in range(5)],
            "sha256": [sha("a"), sha("b"), sha("c"), sha("d"), None],
            "label": ["nevus", "nevus", "eczema", "nevus", "eczema"],
            "source": "clinic",
            "verdict": ["keep", "drop", "keep", "keep", "drop"],
            "reason": ["", "near_duplicate", "", "", "not_ingested"],
            "cluster": [sha("a"), sha("a"), None, None, None],
            "kept_record_id": ["clinic:0", "clinic:0", None, None, None],
            "group": ["g0", "g0", "g2", "g3", "g4"],
        }
    )


def split():
    # Two classes of four photos, each 2 train, 1 val, 1 test: shares 1/2, 1/4, 1/4.
    return pd.DataFrame(
        {
            "sha256": [sha(f"photo {n}") for n in range(8)],
            "record_id": [f"clinic:{n}" for n in range(8)],
            "label": ["eczema"] * 4 + ["nevus"] * 4,
            "class_id": [0] * 4 + [1] * 4,
            "group": [f"g{n}" for n in range(8)],
            "split": SPLITS * 2,
        }
    )


def predictions():
    known = split()
    rows = []
    for model in MODELS:
        for row in known.itertuples():
            probabilities = np.array([0.75, 0.25] if row.class_id == 0 else [0.25, 0.75], dtype=np.float32)
            rows.append((row.sha256, model, row.split, row.group, row.label, row.class_id, row.label, probabilities))
    columns = ["sha256", "model", "split", "group", "label", "class_id", "predicted", "probabilities"]
    return pd.DataFrame(rows, columns=columns)
