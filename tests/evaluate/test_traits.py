import numpy as np
import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.evaluate import traits

EMPTY = {name: None for name, column in tables.MANIFEST.columns.items() if column.optional}


def gather(tmp_path, records, photos):
    """`records` as (sha256 or None, traits); `photos` of the split. Tables go through files, as in the pipeline."""
    names = [f"r{place}" for place in range(len(records))]
    plain = {"manifest": "m", "url": "u", "label": "x", "label_raw": "x", "licence": "l", "attribution": "a"}
    rows = [
        {**plain, **EMPTY, "source": "s", **told, "record_id": name}
        for name, (_, told) in zip(names, records, strict=True)
    ]
    tables.write(pd.DataFrame(rows), tmp_path / "manifest.parquet", tables.MANIFEST)
    manifest = tables.read(tmp_path / "manifest.parquet", tables.MANIFEST)
    ingested = pd.DataFrame({"record_id": names, "sha256": [sha256 for sha256, _ in records]})
    ingested["status"] = np.where(ingested["sha256"].isna(), "failed", "stored")
    fingerprints = pd.DataFrame({"sha256": photos, "sharpness": [float(place) for place in range(len(photos))]})
    table, counts = traits.gather(pd.DataFrame({"sha256": photos}), manifest, ingested, fingerprints)
    tables.write(table, tmp_path / "traits.parquet", tables.TRAITS)
    return tables.read(tmp_path / "traits.parquet", tables.TRAITS).set_index("sha256"), counts


def test_records_of_one_photo_complete_each_other_and_contradictions_are_missing(tmp_path):
    records = [
        ("a", {"skin_type": 2, "sex": "female", "age": 40.0}),
        ("a", {"skin_type": 2, "sex": "male", "body_site": "face"}),  # agrees, contradicts, adds
        ("b", {"source": "other", "skin_tone": 3.0}),
        ("c", {"skin_type": 6}),  # a photo that the split does not hold
        (None, {"skin_type": 1}),  # never arrived
    ]
    table, counts = gather(tmp_path, records, ["a", "b"])
    a, b = table.loc["a"], table.loc["b"]
    assert (a["skin_type"], a["age"], a["body_site"], a["source"]) == (2, 40, "face", "s")
    assert pd.isna(a["sex"])
    assert (b["source"], b["skin_tone"], b["sharpness"]) == ("other", 3, 1)
    assert pd.isna(b["skin_type"])
    assert counts["sex"] == {"known": 0, "missing": 1, "contradicting": 1}
    assert counts["skin_type"] == {"known": 1, "missing": 1, "contradicting": 0}
    assert all(sum(count.values()) == 2 for count in counts.values())


def test_photo_whose_sharpness_was_not_measured_has_none():
    split = pd.DataFrame({"sha256": ["a", "b"]})
    empty = tables.MANIFEST.empty()
    fingerprints = pd.DataFrame({"sha256": ["b"], "sharpness": [np.nan]})
    table, counts = traits.gather(split, empty, tables.INGESTED.empty(), fingerprints)
    assert table["sharpness"].isna().all()
    assert counts["sharpness"] == {"known": 0, "missing": 2, "contradicting": 0}


def frame(**columns):
    size = len(next(iter(columns.values())))
    plain = {name: [None] * size for name in ("sex", "body_site", "source")}
    numbers = {name: np.full(size, np.nan) for name in ("skin_tone", "age", "sharpness")}
    made = pd.DataFrame({**plain, **numbers, "skin_type": pd.array([None] * size, "Int64"), **columns})
    return made.assign(skin_type=made["skin_type"].astype("Int64"))


def parts(made, trained=None, age_bands=(30, 50)):
    trained = np.ones(len(made), dtype=bool) if trained is None else np.array(trained)
    return traits.subgroups(made, pd.Series(trained), age_bands=age_bands)


def test_an_age_band_holds_its_first_year():
    found = parts(frame(age=[0, 29.9, 30, 50, 99, np.nan]))["age"]
    assert found[:5].tolist() == ["under 30", "under 30", "30 to under 50", "50 and over", "50 and over"]
    assert found.isna().tolist() == [False] * 5 + [True]
    assert parts(frame(age=[5.0]), age_bands=())["age"].tolist() == ["all ages"]


def test_quality_is_cut_at_the_quartiles_of_the_training_photos():
    # Training photos 0, 4, 8, 12, 16: quartiles 4, 8, 12. The last two are test photos.
    found = parts(frame(sharpness=[0.0, 4, 8, 12, 16, 1000, 3.9]), [True] * 5 + [False] * 2)["sharpness"]
    first, second, third, fourth = traits.QUALITY
    assert found.tolist() == [first, second, third, fourth, fourth, fourth, first]


def test_without_training_photos_quality_is_unknown():
    assert parts(frame(sharpness=[1.0, 2.0]), [False, False])["sharpness"].isna().all()


def test_numbers_are_named_and_tones_keep_to_their_source():
    found = parts(frame(skin_type=[1, None], skin_tone=[2.0, np.nan], source=["milk", "pad"]))
    assert found["skin_type"].tolist()[0] == "1"
    assert found["skin_tone"].tolist()[0] == "milk: 2"
    assert found[["skin_type", "skin_tone"]].iloc[1].isna().all()


@pytest.mark.parametrize("bands", [(), (18,), (30, 50, 70)])
def test_there_is_a_name_for_every_band(bands):
    assert len(traits._band_names(bands)) == len(bands) + 1
