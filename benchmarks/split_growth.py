"""What a split does when data grows: `python benchmarks/split_growth.py` writes results/split_growth.json.

Labels and groups of Fitzpatrick17k (classes of 100 or more, each photo alone) and of PAD-UFES-20 (patients), from
../shared/data. Groups are drawn at random to come later; figures are means over seeds, in hundredths.
"""

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd
from environment import versions

from lesionflow.curate import assignment
from lesionflow.curate.assignment import FREE, Groups, Whole
from lesionflow.files import write_json

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/split_growth.json"
SHARES, TOLERANCE, SEEDS = [0.15, 0.15, 0.7], 0.02, 10  # test, val, train
Method = Callable[[Groups, pd.Series], Whole]


def by_place(groups: Groups, _: pd.Series) -> Whole:
    """Fixed places alone, whatever the shares."""
    return assignment.assign(groups, SHARES, tolerance=1.0).part


def mended(groups: Groups, _: pd.Series) -> Whole:
    """What the pipeline does without a frozen split."""
    return assignment.assign(groups, SHARES, tolerance=TOLERANCE).part


def frozen(groups: Groups, before: pd.Series) -> Whole:
    """What it does with one; `before` is the part of each group that was there."""
    fixed = before.reindex(groups.names).fillna(FREE).to_numpy().astype(np.int64)
    return assignment.assign(groups, SHARES, tolerance=TOLERANCE, fixed=fixed).part


METHODS: dict[str, Method] = {"places alone": by_place, "default": mended, "frozen": frozen}


def measure(photos: pd.DataFrame, method: Method, growth: float, seed: int) -> list[float]:
    """Test photos that leave test; cells (class, part) off by more than 2 points; the worst, in points."""
    names = photos["group"].unique()
    first = np.random.default_rng(seed).permutation(names)[: round(len(names) / (1 + growth))]
    small = assignment.groups(photos[photos["group"].isin(first)], seed=seed)
    before = pd.Series(method(small, pd.Series(dtype=float)), small.names)
    large = assignment.groups(photos, seed=seed)
    after = pd.Series(method(large, before), large.names)
    was, now = photos["group"].map(before), photos["group"].map(after)
    shares = pd.crosstab(photos["class_id"], now, normalize="index").reindex(columns=range(3), fill_value=0.0)
    off = (shares - SHARES).abs().to_numpy()
    return [100 * float((now[was == 0] != 0).mean()), 100 * float((off > TOLERANCE + 1e-9).mean()), 100 * off.max()]


def sources(data: Path) -> dict[str, pd.DataFrame]:
    """Photos with group and class_id."""
    fitzpatrick = pd.read_csv(data / "manifests/fitzpatrick17k/fitzpatrick17k.csv")
    large = fitzpatrick[fitzpatrick["label"].map(fitzpatrick["label"].value_counts()) >= 100]
    pad = pd.read_csv(data / "pad-ufes-20/metadata.csv")
    tables = {
        "fitzpatrick17k": pd.DataFrame({"group": large["md5hash"], "label": large["label"]}),
        "pad_ufes_20": pd.DataFrame({"group": pad["patient_id"].astype(str), "label": pad["diagnostic"]}),
    }
    return {name: table.assign(class_id=pd.factorize(table["label"], sort=True)[0]) for name, table in tables.items()}


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data")
def main(data: Path) -> None:
    """Measure each method at 1, 5 and 20 % more groups."""
    rows = [
        {"source": name, "photos": len(photos), "growth": growth, "method": called}
        | dict(
            zip(
                ("left_test", "cells_off", "worst_points"),
                np.mean([measure(photos, method, growth, seed) for seed in range(SEEDS)], axis=0).round(2).tolist(),
                strict=True,
            )
        )
        for name, photos in sources(data).items()
        for growth in (0.01, 0.05, 0.2)
        for called, method in METHODS.items()
    ]
    write_json({"rows": rows, "seeds": SEEDS, "versions": versions()}, RESULTS)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
