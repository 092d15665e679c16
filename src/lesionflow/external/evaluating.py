"""Every classifier of the run on photos from elsewhere: figures, subgroups and what was left out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import tables
from lesionflow.curate import outsiders
from lesionflow.errors import LesionflowError
from lesionflow.evaluate import external, outliers, predictions, traits
from lesionflow.evaluate.external import Answers, Settings
from lesionflow.evaluate.settings import OutliersParams
from lesionflow.external import answering, matching
from lesionflow.learn import examples, head
from lesionflow.learn.head_inputs import Inputs
from lesionflow.params import Joined, members, named, parts_of


@dataclass(frozen=True)
class Found:
    """For JSON, and the table of subgroups of every classifier."""

    told: dict[str, Any]
    subgroups: pd.DataFrame


@dataclass(frozen=True)
class Photos:
    """Of one side: tables split and traits, and the folder that holds features/<slug>.parquet."""

    split: pd.DataFrame
    traits: pd.DataFrame
    folder: Path

    def features(self, slug: str) -> pd.DataFrame:
        """Table features of a backbone."""
        return tables.read(self.folder / "features" / f"{slug}.parquet", tables.FEATURES)


def evaluate(
    folder: Path, outputs: Path, names: Sequence[str], joined: Sequence[Joined], settings: Settings,
    far: OutliersParams,
) -> Found:  # fmt: skip
    """Judge the classifiers `names` on what `gather`, `match` and `extract` left in `folder`.

    Raises
    ------
    LesionflowError : no photo counts, or something of the run or of these photos is missing.
    """
    classes = tables.read(outputs / "classes.parquet", tables.CLASSES)
    labels, rows = tables.labels_in_order(classes), matching.read_rows(folder)
    split = outsiders.used(rows, {label: place for place, label in enumerate(labels)})
    _refuse_nothing(split, rows)
    own = Photos(
        tables.read(outputs / "split.parquet", tables.SPLIT), tables.read(outputs / "traits.parquet", tables.TRAITS),
        outputs,
    )  # fmt: skip
    theirs = Photos(split, _traits(folder, split), folder)
    answers = _answers(own, theirs, names, joined, labels)
    malignant = tables.malignant_labels(classes)
    told, by_subgroup = judged(answers, labels, malignant, own, theirs, settings)
    slugs = sorted({parts_of(part)[0] for name in names for part in members(name, joined)})
    return Found(
        {
            "confidence": settings.evaluate.confidence,
            "counts": outsiders.counts(rows),
            "copies_of": copies_of(rows),
            "photos": split["label"].value_counts().sort_index().to_dict(),
            "absent_classes": [label for label in labels if label not in set(split["label"])],
            "models": told,
            "outliers": {slug: _unusual(own, theirs, slug, settings, far) for slug in slugs},
        },
        by_subgroup,
    )


def _refuse_nothing(split: pd.DataFrame, rows: pd.DataFrame) -> None:
    if split.empty:
        counts = outsiders.counts(rows)
        raise LesionflowError(
            "photos from elsewhere: none counts",
            got=", ".join(f"{name} {count}" for name, count in counts.items() if count),
            expected="a photo of a class that the run has learned, and that is no copy of its own",
            remedy="Give the labels of the manifest an alias in data/taxonomy.yaml.",
        )


def copies_of(rows: pd.DataFrame) -> dict[str, int]:
    """How many rows (see `matching.judged`) copy a photo of each part of the run."""
    found = rows.loc[rows["reason"] == str(outsiders.Reason.COPY), "part"].value_counts()
    return {str(part): int(count) for part, count in found.sort_index().items()}


def _traits(folder: Path, split: pd.DataFrame) -> pd.DataFrame:
    manifest = tables.read(folder / "manifest.parquet", tables.MANIFEST)
    ingested = tables.read(folder / "ingested.parquet", tables.INGESTED)
    seen = tables.read(folder / "fingerprints.parquet", tables.FINGERPRINTS, columns=["sha256", "sharpness"])
    return traits.gather(split, manifest, ingested, seen)[0]


def _answers(
    own: Photos, theirs: Photos, names: Sequence[str], joined: Sequence[Joined], labels: Sequence[str]
) -> list[Answers]:
    """The answers of the classifiers, in the order of `names`; the features of one backbone in memory at a time."""
    needed = [part for name in names for part in members(name, joined)]
    heads, cards = {}, {}
    for slug in dict.fromkeys(parts_of(part)[0] for part in needed):
        mine, other = (own.split, own.features(slug)), (theirs.split, theirs.features(slug))
        for part in dict.fromkeys(part for part in needed if parts_of(part)[0] == slug):
            trained, cards[part] = head.load(own.folder / "heads" / part)
            predictions.refuse_other_labels(cards[part]["labels"], labels, model=part)
            table = tables.read(own.folder / "predictions" / f"{part}.parquet", tables.PREDICTIONS)
            heads[part] = answering.of_head(trained, cards[part], table, mine, other, theirs.traits)
    found = []
    for name in names:
        parts = members(name, joined)
        if len(parts) == 1:
            found.append(heads[name])
        else:
            each, of_each = [heads[part] for part in parts], [cards[part] for part in parts]
            found.append(answering.of_pair(named(joined, name), each, of_each))
    return found


def judged(
    answers: Sequence[Answers],
    labels: Sequence[str],
    malignant: Collection[str],
    own: Photos,
    theirs: Photos,
    settings: Settings,
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """`external.judge` of each classifier, and their subgroups in one table with a column model."""
    known = pd.concat([own.traits, theirs.traits], ignore_index=True)
    train = own.traits["sha256"].isin(own.split.loc[own.split["split"] == "train", "sha256"])
    trained = pd.concat([train, pd.Series(False, index=theirs.traits.index)], ignore_index=True)
    parts = traits.subgroups(known, trained, age_bands=settings.subgroups.age_bands)
    place = pd.Series(range(len(own.traits), len(known)), index=theirs.traits["sha256"])
    skin_type = theirs.traits.set_index("sha256")["skin_type"]
    told, frames = [], []
    for one in answers:
        rows = parts.iloc[place[one.external["sha256"]].to_numpy()].reset_index(drop=True)
        figures, by_subgroup = external.judge(one, labels, malignant, skin_type, rows, settings)
        told.append(figures)
        frames.append(by_subgroup.assign(model=one.model))
    return told, pd.concat(frames, ignore_index=True)


def _unusual(own: Photos, theirs: Photos, slug: str, settings: Settings, far: OutliersParams) -> dict[str, Any]:
    return unusual((own.split, own.features(slug)), (theirs.split, theirs.features(slug)), settings, far)


def unusual(
    own: tuple[pd.DataFrame, pd.DataFrame],
    theirs: tuple[pd.DataFrame, pd.DataFrame],
    settings: Settings,
    far: OutliersParams,
) -> dict[str, Any]:
    """How many photos lie beyond the run's limit; `own` and `theirs` are tables split and features."""
    split = pd.concat([own[0], theirs[0]], ignore_index=True)
    features = pd.concat([own[1], theirs[1]], ignore_index=True).drop_duplicates(["sha256", "view"])
    matrix = examples.join(split, features, Inputs(), tables.TRAITS.empty())
    return external.unusual(split, outliers.score(split, matrix, far), settings)
