"""What the recipe `tuned` gains over `study` on real photos, while the backbones stay frozen.

`python benchmarks/learning_milk10k.py [--data FOLDER] [--features FOLDER] [--first-split N] [--splits N]` writes
benchmarks/results/learning_milk10k.json. The clinical close-ups of milk10k are curated once, the classes that keep
enough photos are split by leakage group in ten ways (70/15/15), and in each way both recipes of params.yaml are trained
on the same features. `study` is the one of the study's heads that validation prefers, as the leaderboard would;
`tuned` is the pair of tuned heads that params.yaml joins, which look at age, sex and body site beside the photo;
`tuned_untold` are the answers of that same pair where none of the three is told, and `photo_alone` is a pair that was
trained without them. Each head alone stands under `models`. The recipe was tuned on splits 100 to 119 of the same
photos; these are splits 0 to 9. They were looked at after each step of the tuning; `unseen` has the figures of
splits 220 to 229, which were not.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pandas as pd
from environment import versions
from leakage import curated, load
from scipy import stats

from lesionflow import parallel, tables
from lesionflow.curate import frozen, splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.evaluate import metrics, predictions
from lesionflow.files import write_json
from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones, examples, features, head_inputs, joining, memory, training
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.clinical import Column
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.recipes import Recipe
from lesionflow.params import Joined, parts_of

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/learning_milk10k.json"
SLUGS, RECIPES = ("efficientnet_lite0", "efficientnet_lite2"), ("study", "tuned")
WAYS = ("study", "tuned", "tuned_untold", "photo_alone")
CLINICAL: tuple[Column, ...] = ("age", "sex", "body_site")
FIGURES = ("balanced_accuracy", "mcc", "accuracy")
UNSEEN = 220
"""The first of the splits that no setting was looked at on, as many as the others."""


def read_photos(data: Path) -> tuple[pd.DataFrame, list[StoredPhoto]]:
    """The clinical close-ups: record_id, label, sha256, what is told of them, and where their bytes lie."""
    metadata = pd.read_csv(data / "metadata.csv")
    rows = metadata[metadata["image_type"] == "clinical: close-up"].sort_values("isic_id", ignore_index=True)
    places = [data / name for name in rows["file"]]
    stored = [
        StoredPhoto(sha256, path, 0, path.stat().st_size) for sha256, path in zip(rows["sha256"], places, strict=True)
    ]
    told = rows.rename(columns={"isic_id": "record_id", "age_approx": "age", "site": "body_site"})
    return told[["record_id", "label", "sha256", *CLINICAL]], stored


def extracted(slug: str, stored: list[StoredPhoto], folder: Path | None) -> pd.DataFrame:
    """Table features of the photos, kept in `folder` between runs."""
    settings = load("extract_features", FeaturesParams)
    backbone = backbones.load(slug, load(f"models.{slug}", BackboneParams))
    path = None if folder is None else folder / f"{slug}.parquet"
    cached = tables.FEATURES.empty() if path is None else tables.read_cached(path, tables.FEATURES)
    settings = features.settled(settings, backbone, backbone.describe(), cached)
    key = features.cache_key(backbone.describe(), settings)
    photos = {photo.sha256: photo for photo in stored}
    table = features.with_cached(backbone, photos, cached, settings, key=key)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        tables.write(table, path, tables.FEATURES)
    return table


class Trained(NamedTuple):
    """A classifier's card, its predictions, and those without the metadata that it was trained with."""

    card: dict[str, Any]
    table: pd.DataFrame
    untold: pd.DataFrame


def trained(
    name: str,
    settings: Recipe,
    split: pd.DataFrame,
    labels: list[str],
    vectors: pd.DataFrame,
    told: pd.DataFrame,
    seed: int,
) -> Trained:
    """The classifier, as the stages train and evaluate make it."""
    inputs = head_inputs.of_recipe(settings, told, split)
    matrix, untold = (examples.join(split, vectors, inputs, of) for of in (told, told.iloc[:0]))
    train, val = (examples.part(split, matrix, part) for part in ("train", "val"))
    fit = training.fit(train, val, labels, settings, seed=seed)
    card = {"model": name, "labels": labels, **settings.model_dump(mode="json"), **fit.card()}
    card |= {"class_photos": training.class_photos(train, labels)}
    tables_ = (predictions.table(split, fit.head.probabilities(of), labels, model=name) for of in (matrix, untold))
    return Trained(card, *tables_)


def as_one(name: str, pair: list[Trained], split: pd.DataFrame, labels: list[str]) -> Trained:
    """The pair as one classifier, as stage join makes it; its card says what was told of the joining."""
    cards = [one.card for one in pair]
    joined = joining.join([one.table for one in pair], cards)
    apart = [np.stack(one.untold["probabilities"].to_list()) for one in pair]
    both = (joined.probabilities, joining.probabilities(apart, cards, joined.told["tau"]))
    return Trained(joined.told, *(predictions.table(split, found, labels, model=name) for found in both))


def figures(table: pd.DataFrame, labels: list[str], part: str) -> dict[str, float]:
    """The figures of one part."""
    measured = metrics.measure(*predictions.arrays(predictions.of_split(table, part), labels))
    return {name: float(measured[name] or 0) for name in FIGURES}


class Run:
    """One split: every head, and the joined pair."""

    def __init__(
        self, table: pd.DataFrame, kept: pd.DataFrame, vectors: dict[str, pd.DataFrame], told: pd.DataFrame
    ) -> None:
        self.table, self.kept, self.vectors, self.told = table, kept, vectors, told

    def __call__(self, seed: int) -> dict[str, Any]:
        """Figures on test by classifier, what is selected on validation, and the adjustments."""
        labels = tables.labels_in_order(self.kept)
        ledger = pd.DataFrame(columns=frozen.COLUMNS, dtype=object)
        split = splitting.split(
            self.table, self.kept, load("curate.split", SplitParams), seed=seed, ledger=ledger
        ).table
        names = [f"{slug}-{recipe}" for slug in SLUGS for recipe in RECIPES]
        pair = load("joined", list[Joined])[0]
        recipes = {name: load(f"recipes.{parts_of(name)[1]}", Recipe) for name in names}
        made = {name: self._trained(name, recipe, split, labels, seed) for name, recipe in recipes.items()}
        less = {name: recipes[name].model_copy(update={"clinical": ()}) for name in pair.both}
        alone = {name: self._trained(name, recipe, split, labels, seed) for name, recipe in less.items()}
        ways = {"tuned": pair.name, "tuned_untold": f"{pair.name}, untold", "photo_alone": f"{pair.name}, photo alone"}
        for way, heads in (("tuned", made), ("photo_alone", alone)):
            made[ways[way]] = as_one(ways[way], [heads[one] for one in pair.both], split, labels)
        found = {name: one.table for name, one in made.items()}
        found[ways["tuned_untold"]] = made[pair.name].untold
        val = {name: figures(table, labels, "val") for name, table in found.items()}
        study = max((name for name in names if name.endswith("-study")), key=lambda one: val[one]["balanced_accuracy"])
        return {
            "seed": seed,
            "test": {name: figures(table, labels, "test") for name, table in found.items()},
            "val": val,
            "study": study,
            **ways,
            "tau": {name: one.card["tau"] for name, one in made.items()},
        }

    def _trained(self, name: str, recipe: Recipe, split: pd.DataFrame, labels: list[str], seed: int) -> Trained:
        return trained(name, recipe, split, labels, self.vectors[parts_of(name)[0]], self.told, seed)


def interval(values: list[float], test_over_train: float) -> dict[str, float]:
    """Mean over splits and its 95 % interval, for splits that share photos (Nadeau and Bengio 2003, corrected t)."""
    mean, count = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(0.975, count - 1) * np.sqrt((1 / count + test_over_train) * np.var(values, ddof=1)))
    return {"value": round(mean, 6), "low": round(mean - half, 6), "high": round(mean + half, 6)}


def summary(runs: list[dict[str, Any]], shares: SplitParams) -> dict[str, Any]:
    """Each recipe, what `tuned` gains over `study` on the same splits, and every classifier alone."""
    ratio = shares.test / shares.train
    of = {way: [run["test"][run[way]] for run in runs] for way in WAYS}

    def told(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
        return {name: interval([row[name] for row in rows], ratio) for name in FIGURES}

    def gained(more: list[dict[str, float]], less: list[dict[str, float]]) -> dict[str, dict[str, float]]:
        return told([{name: a[name] - b[name] for name in FIGURES} for a, b in zip(more, less, strict=True)])

    alone = {name: [run["test"][name] for run in runs] for name in runs[0]["test"]}
    return {
        **{way: told(rows) for way, rows in of.items()},
        "tuned_minus_study": gained(of["tuned"], of["study"]),
        "photo_alone_minus_study": gained(of["photo_alone"], of["study"]),
        "models": {name: told(rows) for name, rows in alone.items()},
        "tuned_minus_study_alone": {slug: gained(alone[f"{slug}-tuned"], alone[f"{slug}-study"]) for slug in SLUGS},
    }


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/milk10k")
@click.option("--features", "folder", type=click.Path(path_type=Path), help="Where features are kept between runs")
@click.option("--first-split", default=0, show_default=True)
@click.option("--splits", default=10, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS)
def main(data: Path, folder: Path | None, first_split: int, splits: int, out: Path) -> None:
    """Curate, extract, train, write."""
    started = time.monotonic()
    memory.keep_freed_memory()
    rows, stored = read_photos(data)
    table, kept = curated(rows.assign(of=""), stored)
    parallel.rest()
    labels = tables.labels_in_order(kept)
    used = set(table.loc[(table["verdict"] == "keep") & table["label"].isin(labels), "sha256"])
    photos = [photo for photo in stored if photo.sha256 in used]
    run = Run(table, kept, {slug: extracted(slug, photos, folder) for slug in SLUGS}, rows[["sha256", *CLINICAL]])
    seeds, unseen = (list(range(first, first + splits)) for first in (first_split, UNSEEN))
    both = list(parallel.map_ordered(run, [*seeds, *unseen], desc="splits", unit="split"))
    shares, runs = load("curate.split", SplitParams), both[:splits]
    others = summary(both[splits:], shares)
    recipes = {recipe: load(f"recipes.{recipe}", Recipe).model_dump(mode="json") for recipe in RECIPES}
    write_json(
        summary(runs, shares)
        | {
            "trade": recipes["tuned"]["trade"],
            "recipes": recipes,
            "photos": len(photos),
            "classes": labels,
            "splits": seeds,
            "unseen": {"splits": unseen, **{way: others[way] for way in (*WAYS[:2], "tuned_minus_study")}},
            "runs": runs,
            "command": "make benchmark-learning-milk10k",
            "versions": versions(),
            "seconds": round(time.monotonic() - started),
        },
        out,
    )


if __name__ == "__main__":
    main()
