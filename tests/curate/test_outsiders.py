import io

import pandas as pd
import pytest
from PIL import Image

from lesionflow import tables
from lesionflow.curate import duplicates, fingerprint, local_features, outsiders
from tests.curate.pair_photos import DUPLICATE, SEARCH, drawn

LEARNED = {"nevus": "nevus", "spitz": "nevus", "melanoma": "melanoma"}
KNOWN = {"nevus", "spitz", "melanoma", "wart"}
NO_PAIRS = tables.DUPLICATE_PAIRS.empty()
NO_COPIES = pd.DataFrame(columns=["sha256", "own", "relation", "part"], dtype=object)


def judged(rows, *, pairs=NO_PAIRS, copied=NO_COPIES):
    """Of (record_id, sha256, label, group); a label that nobody knows stands for itself."""
    manifest = pd.DataFrame(rows, columns=["record_id", "sha256", "label", "group"], dtype=object)
    ingested, manifest = manifest[["record_id", "sha256"]], manifest.drop(columns="sha256")
    manifest = manifest.assign(label_raw=manifest["label"])
    return outsiders.judged(manifest, ingested, copied, pairs, learned=LEARNED, known=KNOWN).set_index("record_id")


def pair(one, other, relation="duplicate", agreement=0.9):
    row = {"sha256_a": min(one, other), "sha256_b": max(one, other), "relation": relation, "agreement": agreement}
    return pd.DataFrame([row])


def test_every_row_counts_or_says_why_not():
    found = judged(
        [
            ("r1", "aa", "nevus", None),
            ("r2", "aa", "nevus", None),  # the same bytes again
            ("r3", "bb", "nevus", None),
            ("r4", "bb", "melanoma", None),  # which contradicts r3
            ("r5", "cc", "wart", None),  # of the taxonomy, but too rare to be learned
            ("r6", "dd", "gizzard", None),
            ("r7", None, "nevus", None),
            ("r8", "ee", "gizzard", None),  # a copy, whatever its label
            ("r9", "ff", "spitz", None),  # learned as nevus
        ],
        copied=pd.DataFrame({"sha256": ["ee"], "own": ["zz"], "relation": ["duplicate"], "part": ["train"]}),
    )
    assert found["reason"].to_dict() == {
        "r1": "", "r2": "repeated", "r3": "conflicting_labels", "r4": "conflicting_labels", "r5": "outside_model",
        "r6": "outside_taxonomy", "r7": "not_ingested", "r8": "copy", "r9": "",
    }  # fmt: skip
    assert found["label"]["r9"] == "nevus"
    counts = outsiders.counts(found.reset_index())
    assert counts == {
        "rows": 9, "used": 2, "not_ingested": 1, "copy": 1, "conflicting_labels": 2, "outside_taxonomy": 1,
        "outside_model": 1, "repeated": 1,
    }  # fmt: skip
    assert sum(counts.values()) == 2 * 9  # rows, and then each of them once


def test_labels_that_are_learned_as_one_do_not_conflict():
    assert list(judged([("r1", "aa", "nevus", None), ("r2", "aa", "spitz", None)])["reason"]) == ["", "repeated"]


def test_patients_and_photos_of_one_patch_of_skin_are_one_group():
    rows = [
        ("r1", "aa", "nevus", "p1"),
        ("r2", "bb", "nevus", "p1"),
        ("r3", "cc", "nevus", None),
        ("r4", "dd", "nevus", None),
    ]
    # r3 shows the scene of r2, so that it belongs to patient p1 too.
    groups = judged(rows, pairs=pair("bb", "cc", "same_scene"))["group"]
    assert groups.to_dict() == {"r1": "r1", "r2": "r1", "r3": "r1", "r4": "r4"}


def test_used_photos_stand_once_with_their_class():
    rows = judged([("r2", "aa", "spitz", None), ("r1", "bb", "melanoma", None), ("r3", "cc", "wart", None)])
    found = outsiders.used(rows.reset_index(), {"melanoma": 0, "nevus": 1})
    assert list(found) == list(tables.SPLIT.columns)
    assert found[["sha256", "label", "class_id", "split"]].to_numpy().tolist() == [
        ["aa", "nevus", 1, "external"],
        ["bb", "melanoma", 0, "external"],
    ]


def test_merged_classes_are_learned_as_their_parent_and_dropped_ones_not_at_all():
    classes = pd.DataFrame(
        {
            "label": ["nevus", "spitz", "rare", "kin"],
            "verdict": ["keep", "merge", "drop", "merge"],
            "becomes": ["nevus", "nevus", None, "rare"],  # kin joined a parent that stayed too rare
        }
    )
    assert outsiders.learned_as(classes) == {"nevus": "nevus", "spitz": "nevus"}


def test_copies_name_the_photo_of_the_run_and_its_part():
    split = pd.DataFrame({"sha256": ["own1", "own2", "same"], "split": ["train", "test", "val"]})
    pairs = pd.concat(
        [pair("ext1", "own1", agreement=0.8), pair("ext1", "own2", "same_scene", 0.9), pair("ext1", "ext2")]
    )
    found = outsiders.copies(pairs, split, ["ext1", "ext2", "same"])
    # The surest of two, and never a pair of two photos from elsewhere.
    assert found.to_numpy().tolist() == [
        ["ext1", "own2", "same_scene", "test"],
        ["same", "same", "identical", "val"],
    ]


@pytest.fixture(scope="module")
def described():
    """Tables fingerprints and local_features by name, of drawn photos and a changed copy of the first."""
    copy = drawn(0).rotate(0).crop((10, 8, 246, 184))
    pictures = {f"own{number}": drawn(number) for number in range(4)} | {"new0": copy, "new1": drawn(9)}
    found = {}
    for name, picture in pictures.items():
        written = io.BytesIO()
        picture.save(written, "JPEG", quality=80)
        decoded = Image.open(io.BytesIO(written.getvalue())).convert("RGB")
        row = {"sha256": name, "width": picture.width, "height": picture.height}
        found[name] = row | fingerprint.fingerprint(decoded), {"sha256": name} | local_features.describe(decoded)
    return found


def side(described, *names):
    return tuple(pd.DataFrame([described[name][place] for name in names]) for place in range(2))


def test_a_cropped_copy_of_the_runs_photo_is_found_and_pairs_of_its_own_are_not_looked_at(described):
    own, new = side(described, "own0", "own1", "own2", "own3"), side(described, "new0", "new1", "own1")
    looked_at = outsiders.pair_evidence(own, new, SEARCH, tables.PAIR_EVIDENCE.empty())
    names = looked_at[["sha256_a", "sha256_b"]]
    assert names.isin({"new0", "new1"}).any(axis=1).all()
    pairs = duplicates.confirmed(looked_at, DUPLICATE)
    split = pd.DataFrame({"sha256": ["own0", "own1", "own2", "own3"], "split": "train"})
    copied = outsiders.copies(pairs, split, ["new0", "new1", "own1"])
    assert copied[["sha256", "own"]].to_numpy().tolist() == [["new0", "own0"], ["own1", "own1"]]
