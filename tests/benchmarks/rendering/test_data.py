from benchmarks.rendering import data
from tests.benchmarks.rendering.shown import cells, figure


def test_rates_of_ingestion_stand_beside_their_peers():
    results = {
        "images_per_second": 608.3, "img2dataset_images_per_second": 571.3, "ratio": 1.065, "resume_share": 0.0406,
        "photos": 5000, "mean_bytes": 38931, "workers": 2, "pairs": [{}, {}, {}], "command": "make benchmark-ingest",
        "versions": {"scrapy": "2.19.0"},
    }  # fmt: skip
    text = data.ingest(results)
    rows = cells(text)
    assert rows[2:] == [["lesionflow, politeness off", "608", "1.06"], ["img2dataset", "571", "1"]]
    assert "5,000 photos of 39 kB over loopback, 2 processes" in text
    assert "A second run takes 4.1 % of the first." in text
    assert "Measured by `make benchmark-ingest`, with scrapy 2.19.0." in text


def test_what_leakage_would_have_faked_stands_below_both_splits():
    results = {
        "naive": {"accuracy": figure(0.6), "balanced_accuracy": figure(0.5)},
        "lesionflow": {"accuracy": figure(0.57), "balanced_accuracy": figure(0.46)},
        "faked": {"accuracy": figure(0.03), "balanced_accuracy": figure(0.04)},
        "leaked_share": figure(0.234), "accuracy_leaked": figure(0.755), "accuracy_not_leaked": figure(0.561),
        "photos": 3088, "copies": 618, "copies_in_cluster": 610, "copies_in_group": 612, "model": "efficientnet_lite0",
        "seeds": 20, "command": "make benchmark-leakage", "versions": {"torch": "2.14.1"},
    }  # fmt: skip
    text = data.leakage(results)
    rows = cells(text)
    assert rows[2:] == [
        ["Photos at random", "60.0 % [55.0, 65.0]", "50.0 % [45.0, 55.0]"],
        ["lesionflow", "57.0 % [52.0, 62.0]", "46.0 % [41.0, 51.0]"],
        ["Difference: faked", "3.0 % [-2.0, 8.0]", "4.0 % [-1.0, 9.0]"],
    ]
    assert "3,088 photos and 618 planted copies; curation joined 610 copies with their original" in text
    assert (
        "23 % of the test photos have a copy in train; on these the head is right in 76 %, on the others in 56 %"
        in text
    )
    assert (
        "`efficientnet_lite0`, means of 20 splits and their 95 % intervals. Measured by `make benchmark-leakage`"
        in text
    )


def test_curation_stands_above_its_peers_with_the_change_that_is_found_least():
    search = {"recall": 0.98, "recall_by_transform": {"flip": 1.0, "crop_5+half_size": 0.955}, "false_pairs": 2}
    peer = {"recall": 0.516, "recall_by_transform": {"flip": 0.0, "blur": 1.0}, "false_pairs": 1274}
    results = search | {
        "compared": {"a peer": peer}, "photos": {"originals": 3088, "copied": 300, "ways": 25}, "ratio_to_decode": 1.4,
        "peers_ratio": 0.75, "imagededup_ratio": 0.4, "cleanvision_ratio": 0.93, "pad_double_uses": [{}, {}, {}],
        "proposed": {"words": {"flip": 1.0, "crop_5": 0.98}, "lite0": {"flip": 0.5, "crop_5": 0.3}},
        "seed": 1, "command": "make benchmark-curation", "versions": {"cleanvision": "0.3.6"},
    }  # fmt: skip
    text = data.curation(results)
    assert "words 99.0 %, 98.0 % (crop 5); lite0 40.0 %, 30.0 % (crop 5)." in text
    rows = cells(text)
    assert rows[2:] == [
        ["lesionflow", "98.0 %", "95.5 % (crop 5, half size)", "2"],
        ["a peer", "51.6 %", "0.0 % (flip)", "1,274"],
    ]
    assert "300 photos, each changed in 25 ways, among the 3,088 close-ups" in text
    assert "finds 3 pairs of photos that stand under two lesions" in text
    assert "takes 0.75 times as long" in text
    assert "the fingerprints 1.40 times as long" in text


def test_sizes_stand_in_order_and_a_difference_on_ray_is_told():
    one = {"photos": 27000, "seconds": 47.2, "peak_gib": 1.61, "recall": 0.993, "pairs": 900}
    results = {
        "small": one, "middle": one | {"photos": 270000}, "million": one | {"photos": 1000000, "seconds": 480.0},
        "exponent": 1.1, "same_on_ray": False, "seed": 1, "command": "make benchmark-curation-scale",
        "versions": {"faiss-cpu": "1.15.1"},
    }  # fmt: skip
    text = data.curation_scale(results)
    rows = cells(text)
    assert rows[2] == ["27,000", "47 s", "1.6 GiB", "900", "99.3 %"]
    assert rows[4] == ["1,000,000", "8 min", "1.6 GiB", "900", "99.3 %"]
    assert "to the power 1.10; two local Ray workers find other pairs (a fault)." in text


def test_what_another_threshold_costs_is_a_sentence():
    results = {
        "seconds": 3.2, "slowest": 4.04, "rounds": [{}] * 5, "rows": 3088, "command": "make benchmark-curation-tuning",
        "versions": {"dvc": "3.67.1"},
    }  # fmt: skip
    text = data.curation_tuning(results)
    assert text.startswith("Another threshold takes 3.2 s on 3,088 photos")
    assert "median of 5, the slowest 4.0 s" in text
    assert text.endswith("Measured by `make benchmark-curation-tuning`, with dvc 3.67.1.")
