"""What leakage would have faked: the same head on the same photos, split by photo and by lesionflow.

`python benchmarks/leakage.py [--data FOLDER]` writes benchmarks/results/leakage.json. Into milk10k's clinical close-ups
it plants changed copies of a fifth of the photos, as many as near-duplicates were found in Fitzpatrick17k, and then
splits, trains and tests twice: with the copies in and photos drawn at random within each class, as a careless study
does; and by lesionflow's curation and leakage groups. What the first test says more is what leakage would have faked.
"""

import hashlib
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
import numpy.typing as npt
import pandas as pd
from environment import versions
from PIL import Image, ImageEnhance, ImageOps
from scipy import stats

from lesionflow import parallel, seeding, tables
from lesionflow import params as parameters
from lesionflow.curate import (
    candidates,
    classes,
    duplicates,
    evidence,
    fingerprint,
    frozen,
    local_features,
    quality,
    splitting,
    verdicts,
)
from lesionflow.curate.decisions import Decisions
from lesionflow.curate.settings import CandidatesParams, ClassesParams, DuplicatesParams, QualityParams, SplitParams
from lesionflow.evaluate import metrics
from lesionflow.files import write_json
from lesionflow.images import StoredPhoto, decode
from lesionflow.learn import backbones, examples, features, training
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.head_inputs import Inputs
from lesionflow.learn.recipes import Recipe

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/leakage.json"
MODEL, COPIED, SEEDS, SEED = "efficientnet_lite0", 0.2, 20, 2509
FIGURES = ("accuracy", "balanced_accuracy")
WAYS = ("naive", "lesionflow")
OF_PHOTOS = ("leaked_share", "leaked_share_lesionflow", "accuracy_leaked", "accuracy_not_leaked")
Hits = npt.NDArray[np.bool_]
T = TypeVar("T")
Change = Callable[[np.random.Generator, Image.Image], Image.Image]


def _crop(rng: np.random.Generator, photo: Image.Image) -> Image.Image:
    """Keeps 80 to 95 % of each side, anywhere."""
    width, height = (int(side * rng.uniform(0.8, 0.95)) for side in photo.size)
    left, top = int(rng.integers(photo.width - width + 1)), int(rng.integers(photo.height - height + 1))
    return photo.crop((left, top, left + width, top + height))


def _smaller(rng: np.random.Generator, photo: Image.Image) -> Image.Image:
    scale = rng.uniform(0.5, 0.9)
    return photo.resize((int(photo.width * scale), int(photo.height * scale)))


CHANGES: dict[str, Change] = {
    "crop": _crop,
    "mirror": lambda _, photo: ImageOps.mirror(photo),
    "brightness": lambda rng, photo: ImageEnhance.Brightness(photo).enhance(rng.uniform(0.8, 1.2)),
    "smaller": _smaller,
}
"""Each copy gets each of these with an even chance, and is recompressed at a quality of 50 to 90."""


def load(key: str, kind: type[T]) -> T:
    """The project's own setting."""
    return parameters.load(key, kind, ROOT / "params.yaml")


def changed(task: tuple[Path, Path, int]) -> None:
    """Write a changed copy of a photo."""
    source, target, seed = task
    rng = np.random.default_rng(seed)
    photo = decode(source.read_bytes())
    for change in CHANGES.values():
        photo = change(rng, photo) if rng.random() < 0.5 else photo
    written = io.BytesIO()
    photo.save(written, "JPEG", quality=int(rng.integers(50, 91)))
    target.write_bytes(written.getvalue())


def planted(photos: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The photos and copies of a fifth of them: record_id, path, label, `of` (the record_id of a copy's original)."""
    drawn = photos.sample(frac=COPIED, random_state=SEED).assign(of=lambda rows: rows["record_id"])
    drawn["record_id"] = "copy-" + drawn["of"]
    sources = drawn["path"].tolist()
    drawn["path"] = pd.Series([folder / f"{name}.jpg" for name in drawn["record_id"]], drawn.index, dtype=object)
    seeds = [seeding.derive(SEED, "copy", name) for name in drawn["of"]]
    list(parallel.map_ordered(changed, list(zip(sources, drawn["path"], seeds, strict=True)), desc="copies"))
    rows = pd.concat([photos.assign(of=""), drawn], ignore_index=True)
    rows["sha256"] = [hashlib.sha256(path.read_bytes()).hexdigest() for path in rows["path"]]
    return rows.drop_duplicates("sha256", ignore_index=True)


def curated(rows: pd.DataFrame, stored: list[StoredPhoto]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables curated and classes, as the stages make them; of which lesion a copy is, nobody knows."""
    sizes = {one.sha256: decode(one.read()).size for one in stored}
    seen = fingerprint.with_cached(stored, sizes, tables.FINGERPRINTS.empty())
    described = local_features.with_cached(stored, tables.LOCAL_FEATURES.empty())
    proposed = candidates.propose(seen, described, pd.Series(dtype=object), load("curate.candidates", CandidatesParams))
    looked_at = evidence.with_cached(proposed, described, tables.PAIR_EVIDENCE.empty())
    manifest = rows[["record_id", "label"]].assign(source="milk10k", group=None)
    ingested = rows[["record_id", "sha256"]].assign(status="stored")
    table = with_verdicts(manifest, ingested, seen, looked_at)
    return table, classes.enforce(manifest, ingested, table, set(), load("curate.classes", ClassesParams), parents={})


def with_verdicts(
    manifest: pd.DataFrame, ingested: pd.DataFrame, seen: pd.DataFrame, looked_at: pd.DataFrame
) -> pd.DataFrame:
    """Table curated, from the fingerprints `seen` and the evidence of pairs."""
    unusable = quality.unusable(seen, load("curate.quality", QualityParams))
    bad = looked_at[["sha256_a", "sha256_b"]].isin(set(unusable.index)).any(axis=1)
    pairs = duplicates.confirmed(looked_at[~bad], load("curate.duplicates", DuplicatesParams))
    return verdicts.curate(manifest, ingested, seen, pairs, unusable, Decisions())


def at_random(rows: pd.DataFrame, shares: SplitParams, seed: int) -> pd.DataFrame:
    """Photos of each class drawn for train, val and test by their shares, whatever is a copy of what."""
    place = pd.Series(seeding.generator(seed, "random split").permutation(len(rows)), index=rows.index)
    rank = place.groupby(rows["label"]).rank() / rows.groupby("label")["label"].transform("size")
    part = np.select([rank <= shares.train, rank <= shares.train + shares.val], ["train", "val"], "test")
    return rows.assign(split=part)


def tested(split: pd.DataFrame, vectors: pd.DataFrame, labels: list[str], seed: int) -> tuple[dict[str, float], Hits]:
    """Figures of the study's head on test, and whether it is right on each test photo."""
    matrix = examples.join(split, vectors, Inputs(), tables.TRAITS.empty())
    train, val, test = (examples.part(split, matrix, name) for name in ("train", "val", "test"))
    fit = training.fit(train, val, labels, load("recipes.study", Recipe), seed=seed)
    probabilities = fit.head.probabilities(test.features)
    measured = metrics.measure(probabilities, test.class_ids)
    return {name: float(measured[name] or 0) for name in FIGURES}, metrics.predict(probabilities) == test.class_ids


def copied_into_train(split: pd.DataFrame, planted: pd.DataFrame) -> Hits:
    """Of each test photo, whether its copy or original was trained on."""
    original = planted.set_index("sha256")[["record_id", "of"]]
    name = split["sha256"].map(original["of"].where(original["of"] != "", original["record_id"]))
    trained = set(name[split["split"] == "train"])
    return np.asarray(name[split["split"] == "test"].isin(trained), dtype=bool)


def run(
    rows: pd.DataFrame, table: pd.DataFrame, kept: pd.DataFrame, vectors: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """Figures of both ways, and the naive head's accuracy on test photos with a copy in train and without."""
    shares, labels = load("curate.split", SplitParams), tables.labels_in_order(kept)
    ids = {label: class_id for class_id, label in enumerate(labels)}
    of_classes = rows[rows["label"].isin(labels)]
    naive = at_random(of_classes.assign(class_id=of_classes["label"].map(ids)), shares, seed)
    ledger = pd.DataFrame(columns=frozen.COLUMNS, dtype=object)
    grouped = splitting.split(table, kept, shares, seed=seed, ledger=ledger).table
    leaky, hits = tested(naive, vectors, labels, seed)
    honest, _ = tested(grouped, vectors, labels, seed)
    leaked = copied_into_train(naive, rows)
    return {
        "naive": leaky,
        "lesionflow": honest,
        "leaked_share": float(leaked.mean()),
        "leaked_share_lesionflow": float(copied_into_train(grouped, rows).mean()),
        "accuracy_leaked": float(hits[leaked].mean()),
        "accuracy_not_leaked": float(hits[~leaked].mean()),
    }


def copies(rows: pd.DataFrame, table: pd.DataFrame) -> dict[str, int]:
    """How many copies were planted, and how many curation joined with their original, in a cluster or a group."""
    drawn = rows[rows["of"] != ""]
    told = table.set_index("record_id")[["cluster", "group"]]
    copied, original = told.loc[drawn["record_id"]], told.loc[drawn["of"]]
    return {
        "copies": len(drawn),
        "copies_in_cluster": int((copied["cluster"].to_numpy() == original["cluster"].to_numpy()).sum()),
        "copies_in_group": int((copied["group"].to_numpy() == original["group"].to_numpy()).sum()),
    }


def interval(values: list[float]) -> dict[str, float]:
    """Mean over seeds and its 95 % interval (Student's t)."""
    mean, error = float(np.mean(values)), float(stats.sem(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return {"value": round(mean, 6), "low": round(mean - half, 6), "high": round(mean + half, 6)}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures of both ways, what leakage faked of each, and on which photos."""
    ways = {way: {name: interval([one[way][name] for one in runs]) for name in FIGURES} for way in WAYS}
    faked = {name: interval([one["naive"][name] - one["lesionflow"][name] for one in runs]) for name in FIGURES}
    return ways | {"faked": faked} | {name: interval([one[name] for one in runs]) for name in OF_PHOTOS}


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/milk10k")
def main(data: Path) -> None:
    """Plant, curate, extract, train, write."""
    started = time.monotonic()
    metadata = pd.read_csv(data / "metadata.csv")
    close_ups = metadata[metadata["image_type"] == "clinical: close-up"].sort_values("isic_id", ignore_index=True)
    photos = pd.DataFrame({"record_id": close_ups["isic_id"], "label": close_ups["label"]})
    photos["path"] = [data / name for name in close_ups["file"]]
    with tempfile.TemporaryDirectory() as folder:
        rows = planted(photos, Path(folder))
        stored = [
            StoredPhoto(sha256, path, 0, path.stat().st_size)
            for sha256, path in zip(rows["sha256"], rows["path"], strict=True)
        ]
        table, kept = curated(rows, stored)
        parallel.rest()
        backbone = backbones.load(MODEL, load(f"models.{MODEL}", BackboneParams))
        matrix = features.extract(backbone, stored, load("extract_features", FeaturesParams))[:, 0]
    vectors = pd.DataFrame({"sha256": rows["sha256"], "view": "full", "features": list(matrix)})
    runs = [run(rows, table, kept, vectors, seed) for seed in range(SEEDS)]
    write_json(
        summary(runs)
        | {
            "photos": len(photos),
            **copies(rows, table),
            "dropped_by_reason": table.loc[table["verdict"] == "drop", "reason"].value_counts().sort_index().to_dict(),
            "classes": tables.labels_in_order(kept),
            "model": MODEL,
            "seeds": SEEDS,
            "runs": runs,
            "command": "make benchmark-leakage",
            "versions": versions(),
            "seconds": round(time.monotonic() - started),
        },
        RESULTS,
    )


if __name__ == "__main__":
    main()
