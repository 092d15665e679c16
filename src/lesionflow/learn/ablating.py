"""One cell of the ablation: a strategy on a share of the training photos, with one seed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lesionflow import seeding
from lesionflow.learn import finetuning, subsets, training, weights
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.checkpoints import Keeper
from lesionflow.learn.finetune_settings import FinetuneParams, How, Strategy
from lesionflow.learn.finetune_settings import strategy as strategy_named
from lesionflow.learn.head import Features, Head
from lesionflow.learn.photo_batches import Photos
from lesionflow.learn.pixels import Pixels
from lesionflow.learn.recipes import Recipe
from lesionflow.learn.subsets import Flags
from lesionflow.learn.training import Examples

ARRAYS = ("pixels.npy", "features.npy")
"""Where stages keep what `Data` takes beside the split."""


@dataclass(frozen=True)
class Data:
    """The split, and in its order of rows the pixels and the frozen features (see pixels); labels by class_id."""

    split: pd.DataFrame
    labels: Sequence[str]
    pixels: Pixels
    features: Features

    def photos(self, chosen: Flags) -> Photos:
        """The pixels of these rows."""
        rows, part = np.flatnonzero(chosen), self.split[chosen]
        return Photos(self.pixels, rows, part["class_id"].to_numpy(dtype=np.int64), list(part["sha256"]))

    def examples(self, chosen: Flags) -> Examples:
        """The features of these rows."""
        return Examples(self.features[chosen], self.split.loc[chosen, "class_id"].to_numpy(dtype=np.int64))

    def part(self, *names: str) -> Flags:
        """Which rows are of these parts of the split."""
        return np.asarray(self.split["split"].isin(names), dtype=bool)


@dataclass(frozen=True)
class Outcome:
    """Probabilities of validation and test photos, those rows of the split, and what is told of the training."""

    rows: pd.DataFrame
    probabilities: Features
    told: dict[str, Any]
    history: pd.DataFrame


class Run:
    """What all cells share: the backbone, the recipe of the head, and the settings of fine-tuning.

    `checkpoints` is the folder in which the state of an unfinished cell lies between its epochs.
    """

    def __init__(self, backbone: Backbone, recipe: Recipe, settings: FinetuneParams, checkpoints: Path) -> None:
        self.backbone, self.recipe, self.settings, self.checkpoints = backbone, recipe, settings, checkpoints

    def cell(self, data: Data, strategy: str, how: How, *, share: float, seed: int) -> Outcome:
        """Train on the share (0-1) by the strategy, choose on validation, predict validation and test.

        `frozen` is the recipe on the features. The others start from the same backbone and an untrained head of the
        recipe's shape; lp_ft from the head that frozen ends with.
        """
        chosen, trained = strategy_named(strategy), subsets.of_training(data.split, share=share, seed=seed)
        shown = data.part("val", "test")
        probe = self._probe(data, trained, seed) if chosen in ("frozen", "lp_ft") else None
        if chosen == "frozen" and probe is not None:
            found, epoch, history = probe.head.probabilities(data.features[shown]), probe.best_epoch, probe.history
        else:
            head = self._untrained(data, seed) if probe is None else probe.head
            found, epoch, history = self._tuned(data, head, trained, shown, chosen, how, seed)
        told = {"photos": int(trained.sum()), "groups": int(data.split.loc[trained, "group"].nunique())}
        told |= {"best_epoch": epoch, "epochs": len(history)}
        return Outcome(data.split[shown].reset_index(drop=True), found, told, history)

    def _probe(self, data: Data, trained: Flags, seed: int) -> training.Fit:
        val = data.examples(data.part("val"))
        return training.fit(data.examples(trained), val, list(data.labels), self.recipe, seed=seed)

    def _untrained(self, data: Data, seed: int) -> Head:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeding.derive(seed, "head"))
            return Head(self.backbone.width, self.recipe.hidden, len(data.labels), self.recipe.dropout)

    def _tuned(
        self, data: Data, head: Head, trained: Flags, shown: Flags, strategy: Strategy, how: How, seed: int
    ) -> tuple[Features, int, pd.DataFrame]:
        """Probabilities of the rows shown, best epoch and history; the checkpoint is removed at the end."""
        key = self._key(data, trained, strategy, how, seed)
        keeper = Keeper(self.checkpoints / f"{key}.pt", key)
        train, val = data.photos(trained), data.photos(data.part("val"))
        way = finetuning.Way(strategy, how, self.settings, seed)
        tuned = finetuning.finetune(self.backbone, head, train, val, data.labels, way, keeper=keeper)
        found = finetuning.probabilities(
            tuned.classifier, self.backbone.preprocess, data.photos(shown), batch_size=self.settings.batch_size
        )
        keeper.clear()
        return found, tuned.best_epoch, tuned.history

    def _key(self, data: Data, trained: Flags, strategy: Strategy, how: How, seed: int) -> str:
        """Digest of all that decides the training."""
        sections = (self.recipe, self.settings, how, self.backbone.settings)
        told = [section.model_dump(mode="json") for section in sections]
        rows = [data.split.loc[chosen, ["sha256", "class_id"]].to_csv() for chosen in (trained, data.part("val"))]
        network = [weights.digest(self.backbone.network), self.backbone.input_size, torch.__version__]
        deciding = json.dumps([strategy, seed, told, rows, network])
        return hashlib.sha256(deciding.encode()).hexdigest()[:16]
