import hashlib
from collections import Counter

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from lesionflow.images import UnreadableImageError, decode
from lesionflow.ingest import manifest, taxonomy
from lesionflow.sample import generate, plant, synthetic
from lesionflow.sample.catalogue import FULL, LARGE, SMALL, catalogue


@pytest.fixture(scope="module")
def items():
    return synthetic.compose(SMALL, 1)


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_files(tmp_path):
    for name in ("one", "two"):
        done = CliRunner().invoke(generate.main, [str(tmp_path / name), "--small"], catch_exceptions=False)
        assert done.exit_code == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_full_sample_has_six_classes_of_150_and_two_under_100():
    counts = Counter(subject.label for subject in catalogue(FULL, generate.SEED))
    assert sorted(counts.values()) == [60, 60, 165, 165, 165, 165, 165, 165]
    subjects = catalogue(FULL, generate.SEED)
    assert {subject.skin_type for subject in subjects} == {1, 2, 3, 4, 5, 6}
    assert max(Counter(subject.patient for subject in subjects).values()) > 2
    assert {name for subject in subjects for name in subject.artefacts} == {"hair", "ruler", "text", "shadow", "blur"}


def test_artefacts_are_no_shortcut():
    # Each artefact's share in a class of 165 deviates by at most four standard errors from its share in all.
    table = pd.DataFrame([vars(subject) for subject in catalogue(FULL, generate.SEED) if subject.label in LARGE])
    for name, share in {"hair": 0.25, "ruler": 0.10, "text": 0.08, "shadow": 0.20, "blur": 0.12}.items():
        carried = table["artefacts"].map(lambda names, name=name: name in names)
        by_class = carried.groupby(table["label"]).mean()
        assert (by_class - share).abs().max() < 4 * (share * (1 - share) / 165) ** 0.5


def test_every_original_has_a_mask_of_its_size(items):
    for item in items[:10]:
        photo, mask = decode(item.photo), decode(item.mask)
        assert photo.size == mask.size
        assert 0 < sum(mask.convert("L").histogram()[255:]) < photo.width * photo.height


def test_planted_photos_are_what_the_truth_says(items):
    by_name = {item.name: item for item in items}
    kinds = Counter(item.kind.split(":")[0] for item in items)
    assert kinds["exact_duplicate"] == SMALL.copies
    assert kinds["near_duplicate"] == len(plant.NEAR_COPIES)
    assert kinds["conflicting_duplicate"] == SMALL.conflicts
    assert kinds["unusable"] == len(plant.UNUSABLE)
    for item in items:
        if item.kind == "exact_duplicate":
            assert item.photo == by_name[item.of].photo
        if item.kind == "conflicting_duplicate":
            assert item.photo == by_name[item.of].photo
            assert item.subject.label != by_name[item.of].subject.label
        if item.kind.startswith("near"):
            assert item.photo != by_name[item.of].photo
        if item.kind in ("unusable:truncated", "unusable:html"):
            with pytest.raises(UnreadableImageError):
                decode(item.photo)


def test_no_photo_hosts_two_plants(items):
    hosts = [item.of for item in items if item.of]
    assert len(hosts) == len(set(hosts))


def test_manifests_pass_the_projects_own_reader(tmp_path):
    CliRunner().invoke(generate.main, [str(tmp_path / "data"), "--small"], catch_exceptions=False)
    known = taxonomy.load(tmp_path / "data/taxonomy.yaml")
    table = manifest.collect(tmp_path / "data/manifests", known)
    truth = pd.read_csv(tmp_path / "data/truth.csv")
    assert set(table["record_id"]) == set(truth["record_id"])
    assert set(table["licence"]) == {"CC0-1.0"}
    assert table["attribution"].str.contains("synthetic").all()
    labels = yaml.safe_load((tmp_path / "data/taxonomy.yaml").read_text())["classes"]
    assert set(labels) == set(SMALL.photos)
