"""Rows of tables curated and classes, as far as splitting reads them."""

import pandas as pd

from lesionflow.curate import frozen
from lesionflow.curate.settings import SplitParams

SHARES = SplitParams(train=0.7, val=0.15, test=0.15)
CLASSES = pd.DataFrame(
    {
        "label": ["a", "b", "c"],
        "becomes": ["a", "b", None],
        "verdict": ["keep", "keep", "drop"],
        "class_id": [0, 1, None],
    }
)
NO_LEDGER = pd.DataFrame(columns=frozen.COLUMNS, dtype=object)


def curated(counts, per_group=1, source="one"):
    """`counts` photos of each label, `per_group` of them in a group, all kept."""
    rows = [
        {"record_id": f"{label}{i:04d}", "sha256": f"s{label}{i}", "label": label, "group": f"{label}{i // per_group}"}
        for label, count in counts.items()
        for i in range(count)
    ]
    return pd.DataFrame(rows).assign(verdict="keep", source=source, cluster=None)


def ledger(**parts):
    """A ledger of record_id=part, the content of each photo named s<record_id>."""
    rows = [(name, f"s{name}", part) for name, part in parts.items()]
    return pd.DataFrame(rows, columns=frozen.COLUMNS, dtype=object)
