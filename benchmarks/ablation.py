"""Frozen against fine-tuned, by the number of training photos: what the study's claim comes to on real photos.

`python benchmarks/ablation.py [--cache FOLDER] [--data FOLDER] [--only CELL]...` writes results/ablation.json.
The clinical close-ups of milk10k are curated and split once (split 0 of `learning_milk10k.py`), decoded once at one
photo size for all strategies, and each cell (strategy, share of the training photos, seed) is trained and tested in a
process of its own with one thread. What was made stays in the cache, cell by cell and, within a cell, epoch by epoch:
a run that was stopped goes on, and after each cell the results are written with the list of what is missing.
"""

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from environment import versions
from leakage import curated, load
from learning_milk10k import read_photos

from lesionflow import files, parallel, tables
from lesionflow.curate import frozen, splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.evaluate import ablation, predictions
from lesionflow.evaluate.ablation import Cell
from lesionflow.learn import ablating, ablation_network, memory, pixels
from lesionflow.learn.ablation_network import NetworkParams
from lesionflow.learn.backbones import Backbone, BackboneParams
from lesionflow.learn.finetune_settings import FinetuneParams, How
from lesionflow.learn.recipes import Recipe

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/ablation.json"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lesionflow/ablation"
SPLIT = 0
SIZE = 128
"""Pixels of a side, for all strategies: what two processors can fine-tune in an hour."""
BUDGET = {"max_epochs": 4, "min_steps": 84, "patience": 3}
"""Instead of params.yaml's, for the same reason."""


def network() -> tuple[Backbone, NetworkParams]:
    """The backbone of all cells, at the benchmark's photo size."""
    settings = load("ablation.network", NetworkParams).model_copy(update={"input_size": SIZE})
    return ablation_network.load(settings, load(f"models.{settings.model}", BackboneParams)), settings


def training() -> FinetuneParams:
    """The settings of params.yaml within the budget."""
    return load("ablation.training", FinetuneParams).model_copy(update=BUDGET)


def all_cells() -> list[Cell]:
    """The cells of params.yaml, in the order in which they are worth most."""
    return ablation.cells(*(load(f"ablation.{name}", list) for name in ("strategies", "shares", "seeds")))


def digest(*deciding: object) -> str:
    """A name for what these decide."""
    return hashlib.sha256(json.dumps(deciding, default=str).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Prepared:
    """Folder of split.parquet, labels.json, pixels.npy and features.npy, and the one that cells go to."""

    folder: Path
    cells: Path

    def data(self) -> ablating.Data:
        """What cells are made of, arrays mapped from their files."""
        arrays = (np.load(self.folder / name, mmap_mode="r") for name in ablating.ARRAYS)
        split = tables.read(self.folder / "split.parquet", tables.SPLIT)
        return ablating.Data(split, files.read_json(self.folder / "labels.json"), *arrays)


def prepare(data: Path, cache: Path) -> Prepared:
    """Curate, split and decode, unless the cache has it."""
    backbone, settings = network()
    source = hashlib.sha256((data / "metadata.csv").read_bytes()).hexdigest()
    folder = cache / digest(source, load("curate", dict), SPLIT, backbone.describe())
    sections = {name: load(f"ablation.{name}", dict) for name in ("how", "training")}
    recipe = load("ablation.recipe", str)
    cells = folder / f"cells-{digest(sections, load(f'recipes.{recipe}', dict), BUDGET, settings.model_dump())}"
    if not (folder / "labels.json").exists():  # which is written last
        _prepare(data, folder, backbone)
    return Prepared(folder, cells)


def _prepare(data: Path, folder: Path, backbone: Backbone) -> None:
    rows, stored = read_photos(data)
    table, kept = curated(rows.assign(of=""), stored)
    ledger = pd.DataFrame(columns=frozen.COLUMNS, dtype=object)
    split = splitting.split(table, kept, load("curate.split", SplitParams), seed=SPLIT, ledger=ledger).table
    tables.write(split, folder / "split.parquet", tables.SPLIT)
    wanted = list(tables.read(folder / "split.parquet", tables.SPLIT)["sha256"])
    photos = {photo.sha256: photo for photo in stored}
    with files.atomic(folder / "pixels.npy") as partial:
        shape = (len(wanted), 3, SIZE, SIZE)
        seen = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        pixels.fill(seen, [photos[name] for name in wanted], backbone.preprocess)
        seen.flush()
    parallel.rest()
    with files.atomic(folder / "features.npy") as partial:
        np.save(partial, pixels.features(backbone, seen, batch_size=load("extract_features.batch_size", int)))
    files.write_json(tables.labels_in_order(kept), folder / "labels.json")


class Work:
    """Make one cell and leave it in the cache."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared

    def __call__(self, cell: Cell) -> None:
        """Write predictions.parquet and training.json of the cell."""
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // parallel.workers()))
        memory.keep_freed_memory()
        started, data = time.perf_counter(), self.prepared.data()
        recipe = load(f"recipes.{load('ablation.recipe', str)}", Recipe)
        run = ablating.Run(network()[0], recipe, training(), self.prepared.cells / "checkpoints")
        how = load(f"ablation.how.{cell.strategy}", How)
        made = run.cell(data, cell.strategy, how, share=cell.share / 100, seed=cell.seed)
        table = predictions.table(made.rows, made.probabilities, data.labels, model=cell.name)
        told = made.told | {"seconds": round(time.perf_counter() - started, 1)}
        with files.atomic(self.prepared.cells / cell.name) as partial:
            tables.write(table, partial / "predictions.parquet", tables.PREDICTIONS)
            files.write_json(told | {"history": made.history.to_dict("list")}, partial / "training.json")


def result(prepared: Prepared, wanted: list[Cell]) -> dict[str, Any]:
    """Figures of the cells that are there, and the names of those that are not."""
    there = [cell for cell in wanted if (prepared.cells / cell.name).exists()]
    found = {
        cell: tables.read(prepared.cells / cell.name / "predictions.parquet", tables.PREDICTIONS) for cell in there
    }
    told = {cell: files.read_json(prepared.cells / cell.name / "training.json") for cell in there}
    histories = {cell.name: told[cell].pop("history") for cell in there}
    data = prepared.data()
    count, confidence, seed = load("evaluate.bootstrap", int), load("evaluate.confidence", float), load("seed", int)
    test = data.split[data.split["split"] == "test"]
    return {
        "cells": ablation.figures(found, told, data.labels),
        "compared": ablation.compared(found, data.labels, count=count, confidence=confidence, seed=seed),
        "missing": [cell.name for cell in wanted if cell not in found],
        "model": load("ablation.network", NetworkParams).model,
        "input_size": SIZE,
        "classes": list(data.labels),
        "photos": {part: int((data.split["split"] == part).sum()) for part in ("train", "val", "test")},
        "test_groups": int(test["group"].nunique()),
        "split": SPLIT,
        "confidence": confidence,
        "how": load("ablation.how", dict),
        "training": training().model_dump(mode="json"),
        "histories": histories,
        "command": "make benchmark-ablation",
        "versions": versions(),
        "seconds": round(sum(one["seconds"] for one in told.values())),
        "processors": os.cpu_count(),
        "workers": parallel.workers(),
    }


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/milk10k")
@click.option("--cache", type=click.Path(path_type=Path), default=CACHE, help="A folder outside of the repository")
@click.option("--only", multiple=True, help="Cells to make, as full-10-0  [default: all]")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS)
def main(data: Path, cache: Path, only: tuple[str, ...], out: Path) -> None:
    """Prepare, then cell by cell: train, test, write."""
    prepared, wanted = prepare(data, cache.resolve()), all_cells()
    chosen = [ablation.parse(name) for name in only] or wanted
    lacking = [cell for cell in chosen if not (prepared.cells / cell.name).exists()]
    for _ in parallel.map_ordered(Work(prepared), lacking, desc="cells", unit="cell"):
        files.write_json(result(prepared, wanted), out)
    files.write_json(result(prepared, wanted), out)


if __name__ == "__main__":
    main()
