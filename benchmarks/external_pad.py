"""How classifiers trained on one source do on another: milk10k, mapped to the classes of PAD-UFES-20, tested on PAD.

`python benchmarks/external_pad.py [--milk10k FOLDER] [--pad FOLDER] [--cache FOLDER]` writes
benchmarks/results/external_pad.json. The clinical close-ups of milk10k are mapped to PAD's six classes by their
diagnosis, curated, and split by leakage group (70/15/15); every recipe and the joined pair of params.yaml are trained
on them, and applied to all photos of PAD but those that copy one of milk10k: as they are, and after each adaptation
that needs no label. No setting was chosen on PAD.
"""

from pathlib import Path
from typing import Any

import click
import pandas as pd
from environment import versions
from leakage import load, with_verdicts
from learning_milk10k import extracted

from lesionflow import parallel, tables
from lesionflow.curate import (
    candidates,
    classes,
    duplicates,
    evidence,
    fingerprint,
    frozen,
    local_features,
    outsiders,
    splitting,
)
from lesionflow.curate.settings import CandidatesParams, ClassesParams, DuplicatesParams, SplitParams
from lesionflow.evaluate import predictions, traits
from lesionflow.evaluate.external import COMPARED, Answers, Settings
from lesionflow.evaluate.settings import CalibrateParams, EvaluateParams, OutliersParams, SubgroupsParams
from lesionflow.external import answering, evaluating, matching
from lesionflow.external.evaluating import Photos
from lesionflow.files import write_json
from lesionflow.images import StoredPhoto, decode
from lesionflow.ingest import mapping
from lesionflow.learn import examples, head_inputs, memory, training
from lesionflow.learn.recipes import Recipe
from lesionflow.params import Joined, parts_of

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/external_pad.json"
SLUGS, RECIPES = ("efficientnet_lite0", "efficientnet_lite2"), ("study", "tuned")
SUBGROUP_FIGURES = ("balanced_accuracy", "mcc")
DIAGNOSES = {
    "Basal cell carcinoma": "BCC",
    "Solar or actinic keratosis": "ACK",
    "Seborrheic keratosis": "SEK",
    "Squamous cell carcinoma, Invasive": "SCC",
    "Squamous cell carcinoma in situ, Bowens disease": "SCC",
}
"""Of milk10k, to PAD's classes; every nevus and every melanoma beside them (see `as_pad`)."""
MALIGNANT = {"BCC", "SCC", "MEL"}


class Side:
    """One source: tables manifest and ingested, as far as anything reads them, and where the photos lie."""

    def __init__(self, rows: pd.DataFrame, folder: Path, source: str) -> None:
        told = {name: None for name in ("skin_type", "skin_tone") if name not in rows}
        self.manifest = rows.drop(columns=["file", "sha256"]).assign(**told, source=source, label_raw=rows["label"])
        self.ingested = rows[["record_id", "sha256"]].assign(status="stored")
        once = rows.drop_duplicates("sha256").sort_values("sha256")
        self.stored = [
            StoredPhoto(sha256, folder / file, 0, (folder / file).stat().st_size)
            for sha256, file in zip(once["sha256"], once["file"], strict=True)
        ]

    def described(self, cache: Path | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Tables fingerprints and local_features."""
        sizes = {one.sha256: decode(one.read()).size for one in self.stored}
        found = []
        for name, table in (("fingerprints", tables.FINGERPRINTS), ("local_features", tables.LOCAL_FEATURES)):
            path = None if cache is None else cache / f"{name}.parquet"
            cached = table.empty() if path is None else tables.read_cached(path, table)
            if name == "fingerprints":
                made = fingerprint.with_cached(self.stored, sizes, cached)
            else:
                made = local_features.with_cached(self.stored, cached)
            if path is not None:
                tables.write(made, path, table)
            found.append(made)
        return found[0], found[1]


def as_pad(diagnosis: str) -> str | None:
    """PAD's class of a diagnosis of milk10k; None where PAD has none."""
    if "nevus" in diagnosis.lower():
        return "NEV"
    return "MEL" if diagnosis.startswith("Melanoma") else DIAGNOSES.get(diagnosis)


def milk10k(folder: Path) -> Side:
    """The clinical close-ups of classes that PAD has."""
    rows = pd.read_csv(folder / "metadata.csv")
    rows = rows[rows["image_type"] == "clinical: close-up"].assign(label=rows["diagnosis_full"].fillna("").map(as_pad))
    names = {"age_approx": "age", "site": "body_site"}
    table = rows.dropna(subset=["label"]).rename(columns=names)
    table["record_id"] = "milk10k:" + table["isic_id"]
    table["group"] = "milk10k:" + table["lesion_id"]
    columns = ["record_id", "file", "sha256", "label", "group", "age", "sex", "body_site"]
    return Side(table[columns].sort_values("record_id", ignore_index=True), folder, "milk10k")


def pad(folder: Path) -> Side:
    """Every photo; patients are groups."""
    rows = pd.read_csv(folder / "metadata.csv")
    table = rows.rename(columns={"diagnostic": "label", "fitspatrick": "skin_type", "region": "body_site"})
    table["record_id"] = "pad:" + table["img_id"]
    table["group"] = "pad:" + table["patient_id"]
    table["sex"], table["skin_type"] = table["gender"].str.lower(), table["skin_type"].astype("Int64")
    sites = mapping.load("pad_ufes_20").values  # noqa: PD011 - no frame
    table["body_site"] = table["body_site"].map(sites["body_site"])
    columns = ["record_id", "file", "sha256", "label", "group", "age", "sex", "body_site", "skin_type"]
    return Side(table[columns].sort_values("record_id", ignore_index=True), folder, "pad_ufes_20")


def known(path: Path | None) -> pd.DataFrame:
    """Table pair_evidence of an earlier run, if it was kept."""
    return tables.PAIR_EVIDENCE.empty() if path is None else tables.read_cached(path, tables.PAIR_EVIDENCE)


def written(table: pd.DataFrame, path: Path | None) -> pd.DataFrame:
    """Table pair_evidence, kept for the next run where there is a place for it."""
    if path is not None:
        tables.write(table, path, tables.PAIR_EVIDENCE)
    return table


def curated(
    side: Side, seen: pd.DataFrame, described: pd.DataFrame, cache: Path | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables split and classes, as the stages make them; a class under 100 photos (ACK has 99) is kept all the same."""
    groups = candidates.groups(side.manifest, side.ingested)
    proposed = candidates.propose(seen, described, groups, load("curate.candidates", CandidatesParams))
    path = cache and cache / "pair_evidence.parquet"
    looked_at = written(evidence.with_cached(proposed, described, known(path)), path)
    table = with_verdicts(side.manifest, side.ingested, seen, looked_at)
    keeping = load("curate.classes", ClassesParams).model_copy(update={"below": "keep"})
    kept = classes.enforce(side.manifest, side.ingested, table, MALIGNANT, keeping, parents={})
    ledger = pd.DataFrame(columns=frozen.COLUMNS, dtype=object)
    split = splitting.split(table, kept, load("curate.split", SplitParams), seed=load("seed", int), ledger=ledger)
    return split.table, kept


def outside(
    side: Side, own: tuple[pd.DataFrame, pd.DataFrame], theirs: tuple[pd.DataFrame, pd.DataFrame],
    split: pd.DataFrame, kept: pd.DataFrame, cache: Path | None,
) -> pd.DataFrame:  # fmt: skip
    """Of every row of PAD whether it counts (see `outsiders.judged`)."""
    mine = tuple(table[table["sha256"].isin(split["sha256"])] for table in own)
    settings = load("curate.candidates", CandidatesParams)
    path = cache and cache / "pair_evidence.parquet"
    looked_at = written(outsiders.pair_evidence((mine[0], mine[1]), theirs, settings, known(path)), path)
    pairs = duplicates.confirmed(looked_at, load("curate.duplicates", DuplicatesParams))
    return matching.judged((side.manifest, side.ingested), pairs, split, kept, set(outsiders.learned_as(kept)))


def answers_of(
    name: str, own: Photos, theirs: Photos, vectors: tuple[pd.DataFrame, pd.DataFrame], labels: list[str]
) -> tuple[Answers, dict[str, Any]]:
    """One head, trained and asked as the stages do, and its card."""
    recipe, seed = load(f"recipes.{parts_of(name)[1]}", Recipe), load("seed", int)
    seen = head_inputs.of_recipe(recipe, own.traits, own.split)
    matrix = examples.join(own.split, vectors[0], seen, own.traits)
    train, val = (examples.part(own.split, matrix, part) for part in ("train", "val"))
    fit = training.fit(train, val, labels, recipe, seed=seed)
    card = {"model": name, "labels": labels, **recipe.model_dump(mode="json"), **seen.card(), **fit.card()}
    card |= {"class_photos": training.class_photos(train, labels)}
    table = predictions.table(own.split, fit.head.probabilities(matrix), labels, model=name)
    given = (own.split, vectors[0]), (theirs.split, vectors[1])
    return answering.of_head(fit.head, card, table, *given, theirs.traits), card


def all_answers(
    own: Photos, theirs: Photos, vectors: dict[str, tuple[pd.DataFrame, pd.DataFrame]], labels: list[str]
) -> list[Answers]:
    """Every recipe on every backbone, then the joined pairs."""
    made = {}
    for slug in SLUGS:
        for recipe in RECIPES:
            made[f"{slug}-{recipe}"] = answers_of(f"{slug}-{recipe}", own, theirs, vectors[slug], labels)
    found = [answers for answers, _ in made.values()]
    for pair in load("joined", list[Joined]):
        members = [made[pair.first], made[pair.second]]
        found.append(answering.of_pair(pair, [one for one, _ in members], [card for _, card in members]))
    return found


def summary(told: dict[str, Any]) -> dict[str, Any]:
    """What the table shows of one classifier comes first; its full figures follow."""
    external = told["external"]
    start = {"model": told["model"], **{name: external[name] for name in COMPARED}}
    return start | {key: value for key, value in told.items() if key not in ("model", "worst")} | {
        "worst": {
            trait: {name: found[name] for name in SUBGROUP_FIGURES} for trait, found in told["worst"].items()
        }
    }  # fmt: skip


@click.command()
@click.option("--milk10k", "first", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/milk10k")
@click.option("--pad", "second", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/pad-ufes-20")
@click.option("--cache", type=click.Path(path_type=Path), help="Where fingerprints and features are kept between runs")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS)
def main(first: Path, second: Path, cache: Path | None, out: Path) -> None:
    """Curate, extract, train, apply, adapt, write."""
    memory.keep_freed_memory()
    sides = {"milk10k": milk10k(first), "pad": pad(second)}
    seen = {name: side.described(cache and cache / name) for name, side in sides.items()}
    split, kept = curated(sides["milk10k"], *seen["milk10k"], cache and cache / "milk10k")
    rows = outside(sides["pad"], seen["milk10k"], seen["pad"], split, kept, cache and cache / "pad")
    parallel.rest()
    labels = tables.labels_in_order(kept)
    tested = outsiders.used(rows, {label: place for place, label in enumerate(labels)})
    vectors = {}
    for slug in SLUGS:
        parts = [(sides["milk10k"], split, "milk10k"), (sides["pad"], tested, "pad")]
        photos = [[one for one in side.stored if one.sha256 in set(part["sha256"])] for side, part, _ in parts]
        folders = [cache and cache / "features" / name for _, _, name in parts]
        mine, other = (extracted(slug, some, folder) for some, folder in zip(photos, folders, strict=True))
        if set(mine["key"]) != set(other["key"]):
            raise click.ClickException(f"{slug}: features of two engines; empty {cache}")
        vectors[slug] = mine, other
    own, theirs = (
        Photos(part, traits.gather(part, side.manifest, side.ingested, prints[0])[0], Path())
        for part, side, prints in ((split, sides["milk10k"], seen["milk10k"]), (tested, sides["pad"], seen["pad"]))
    )
    settings = Settings(
        load("evaluate", EvaluateParams), load("calibrate", CalibrateParams), load("subgroups", SubgroupsParams),
        load("seed", int),
    )  # fmt: skip
    told, _ = evaluating.judged(all_answers(own, theirs, vectors, labels), labels, MALIGNANT, own, theirs, settings)
    far = load("outliers", OutliersParams)
    unusual = {
        slug: evaluating.unusual((split, mine), (tested, other), settings, far)
        for slug, (mine, other) in vectors.items()
    }
    write_json(
        {
            "models": [summary(one) for one in told],
            "confidence": settings.evaluate.confidence,
            "counts": outsiders.counts(rows),
            "copies_of": evaluating.copies_of(rows),
            "photos": tested["label"].value_counts().sort_index().to_dict(),
            "trained_on": pd.crosstab(split["label"], split["split"]).to_dict(orient="index"),
            "absent_classes": sorted(set(labels) - set(tested["label"])),
            "outliers": unusual,
            "seed": settings.seed,
            "command": "make benchmark-external",
            "versions": versions(),
        },
        out,
    )


if __name__ == "__main__":
    main()
