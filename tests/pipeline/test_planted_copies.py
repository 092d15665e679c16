"""Copies and photos of one lesion or patient, planted over all classes, end in one part each; by chance they do not."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lesionflow import params, seeding, tables
from lesionflow.curate import (
    candidates,
    duplicates,
    evidence,
    fingerprint,
    leakage,
    local_features,
    quality,
    splitting,
    verdicts,
)
from lesionflow.curate.decisions import Decisions
from lesionflow.curate.settings import CandidatesParams, DuplicatesParams, QualityParams, SplitParams
from lesionflow.errors import LesionflowError
from lesionflow.images import StoredPhoto, decode
from lesionflow.sample import drawing, plant
from lesionflow.sample.catalogue import SMALL, catalogue
from tests.curate.split_rows import NO_LEDGER

SEED = 11
SETTINGS = Path(__file__).parents[2] / "params.yaml"
OF_CLASS = dict.fromkeys(SMALL.photos, 18)
# At half its size a photo of the sample is too small to be used.
TRANSFORMS = sorted(set(plant.NEAR_COPIES) - {"half_size"})
SHARES = SplitParams(train=0.5, val=0.25, test=0.25)
BELONGING = ["of", "lesion", "group"]


def load(key, kind):
    return params.load(key, kind, SETTINGS)


def row(name, of, subject, group, photo):
    """A row of the manifest, with its bytes and the truth."""
    sha256 = hashlib.sha256(photo).hexdigest()
    told = {"record_id": name, "label": subject.label, "source": "s", "group": group, "sha256": sha256}
    return told | {"bytes": photo, "of": of, "lesion": subject.lesion}


def planted():
    """Photos of all classes, each with its patient, and copies of every third one, by every transform in turn.

    Of some lesions and patients there are several photos. A copy has lost its patient, or every other one has a wrong
    one, which it shares with another photo's copy.
    """
    rows = []
    for number, subject in enumerate(catalogue(replace(SMALL, photos=OF_CLASS), SEED)):
        name, photo = f"{number:03d}", drawing.draw(subject, SEED)[0]
        rows.append(row(name, name, subject, subject.patient, drawing.as_jpeg(photo)))
        if number % 3 == 0:
            place = number // 3
            content = plant.near_copy(photo, TRANSFORMS[place % len(TRANSFORMS)])
            wrong = f"wrong{place // 4}" if place % 2 else None
            rows.append(row(f"{name}copy", name, subject, wrong, content))
    return pd.DataFrame(rows)


class World:
    """The planted photos and what the pipeline's stages make of them."""

    def __init__(self, folder):
        self.rows = planted()
        stored = [stored_in(folder, *photo) for photo in zip(self.rows["sha256"], self.rows["bytes"], strict=True)]
        sizes = {photo.sha256: decode(photo.read()).size for photo in stored}
        self.prints = fingerprint.with_cached(stored, sizes, tables.FINGERPRINTS.empty())
        self.features = local_features.with_cached(stored, tables.LOCAL_FEATURES.empty())
        self.candidates = load("curate.candidates", CandidatesParams)
        self.duplicates = load("curate.duplicates", DuplicatesParams)
        ingested = self.rows[["record_id", "sha256"]]
        known = candidates.groups(self.rows, ingested)
        proposed = candidates.propose(self.prints, self.features, known, self.candidates)
        self.evidence = evidence.with_cached(proposed, self.features, tables.PAIR_EVIDENCE.empty())
        unusable = quality.unusable(self.prints, load("curate.quality", QualityParams))
        bad = self.evidence[["sha256_a", "sha256_b"]].isin(set(unusable.index)).any(axis=1)
        self.pairs = duplicates.confirmed(self.evidence[~bad], self.duplicates)
        self.curated = verdicts.curate(self.rows, ingested, self.prints, self.pairs, unusable, Decisions())

    def split(self, seed):
        labels = sorted(OF_CLASS)
        classes = pd.DataFrame({"label": labels, "becomes": labels, "verdict": "keep", "class_id": range(len(labels))})
        return splitting.split(self.curated, classes, SHARES, seed=seed, ledger=NO_LEDGER).table

    def naive(self, seed):
        """Every photo, each in a part by chance, as if it were alone."""
        rng = seeding.generator(seed, "by chance")
        parts = rng.choice(["train", "val", "test"], len(self.rows), p=[SHARES.train, SHARES.val, SHARES.test])
        return self.rows.assign(split=parts, group=self.rows["record_id"])[["record_id", "sha256", "group", "split"]]

    def proof(self, split):
        """What crosses, by the wider search, and its counts."""
        wider = leakage.wider_evidence(split, self.prints, self.features, self.candidates, self.evidence)
        found = leakage.crossing(self.pairs, wider, self.duplicates)
        return found, leakage.leakage(split, self.pairs, wider, found)


def stored_in(folder, sha256, content):
    path = folder / f"{sha256}.jpg"
    path.write_bytes(content)
    return StoredPhoto(sha256, path, 0, len(content))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("planted"))


def crossing(rows, part):
    """By what the truth says belongs together (a column): the names that lie in two parts."""
    pairs = {name: pd.DataFrame({"name": rows[name], "part": part}).dropna().drop_duplicates() for name in BELONGING}
    return {name: set(pairs[name].loc[pairs[name]["name"].duplicated(), "name"]) for name in BELONGING}


def test_every_transform_and_class_has_its_copies(world):
    copies = world.rows[world.rows["of"] != world.rows["record_id"]]
    assert len(copies) == 24 >= 2 * len(TRANSFORMS)
    assert copies["label"].value_counts().tolist() == [6, 6, 6, 6]
    assert world.rows["lesion"].value_counts().iloc[0] > 2


def test_of_a_photo_and_its_copies_one_is_kept_and_named(world):
    fates = world.curated.merge(world.rows[["record_id", "of"]], on="record_id")
    kept = fates[fates["verdict"] == "keep"]
    assert set(fates.loc[fates["verdict"] == "drop", "reason"]) == {"near_duplicate"}
    assert kept["of"].value_counts().to_dict() == dict.fromkeys(world.rows["of"], 1)
    named = fates["kept_record_id"].fillna(fates["record_id"])
    assert (named.to_numpy() == fates["of"].map(kept.set_index("of")["record_id"]).to_numpy()).all()


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_belongs_together_crosses(world, seed):
    split = world.split(seed)
    # A dropped copy has the part of its leakage group: so those with a wrong patient tie two photos to one part.
    part = world.curated["group"].map(split.drop_duplicates("group").set_index("group")["split"])
    assert set(split["split"]) == {"train", "val", "test"}
    assert part.notna().all()
    assert crossing(world.rows, part) == {"of": set(), "lesion": set(), "group": set()}
    found, counts = world.proof(split)
    leakage.refuse(counts, found)
    assert counts["groups_crossing"] == counts["pairs_crossing"] == counts["wider_search_crossing"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_by_chance_copies_cross_and_the_proof_refuses_it(world, seed):
    split = world.naive(seed)
    # A copy misses its original's part by a chance of 1 - (1/4 + 1/16 + 1/16) = 5/8: 15 of 24, give or take 2.4.
    crossed = crossing(world.rows, split["split"])["of"]
    assert 7 <= len(crossed) <= 22
    found, counts = world.proof(split)
    of = world.rows.set_index("sha256")["of"]
    assert crossed <= set(found["sha256_a"].map(of)) & set(found["sha256_b"].map(of))
    with pytest.raises(LesionflowError, match="split: leakage"):
        leakage.refuse(counts, found)
