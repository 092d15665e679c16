from benchmarks.rendering import learned
from tests.benchmarks.rendering.shown import cells, figure


def test_the_gain_of_the_tuned_recipe_stands_below_both():
    of = {"balanced_accuracy": figure(0.54), "mcc": figure(0.48), "accuracy": figure(0.58)}
    gain = {"balanced_accuracy": figure(0.08), "mcc": figure(0.02), "accuracy": figure(0.01)}
    results = {
        "study": of, "tuned": of, "tuned_minus_study": gain, "photo_alone": of,
        "photo_alone_minus_study": gain, "tuned_untold": of | {"mcc": figure(0.3)},
        "unseen": {"splits": list(range(200, 220)), "study": of | {"balanced_accuracy": figure(0.46)}, "tuned": of,
                   "tuned_minus_study": gain | {"balanced_accuracy": figure(0.09)}},
        "models": {"lite0-study": gain | {"mcc": figure(0.4)}, "pair-tuned": of},
        "trade": 0.7, "photos": 2911, "classes": list("abcdef"),
        "splits": list(range(10)),
        "command": "make benchmark-learning-milk10k", "versions": {"torch": "2.14.1"},
    }  # fmt: skip
    text = learned.learning_milk10k(results)
    rows = cells(text)
    assert rows[3][0] == "tuned"
    # Each interval of the fixture reaches 0.05 to both sides.
    assert rows[4] == ["tuned minus study", "8.0 % [3.0, 13.0]", "0.020 [-0.030, 0.070]", "1.0 % [-4.0, 6.0]"]
    assert rows[5][:3] == ["tuned, told no age, sex or body site", "54.0 % [49.0, 59.0]", "0.300 [0.250, 0.350]"]
    assert rows[7] == ["the same minus study", *rows[4][1:]]
    assert rows[8][:2] == ["tuned minus study, 20 unseen splits", "9.0 % [4.0, 14.0]"]
    assert "`study` has 46.0 % [41.0, 51.0] balanced accuracy, `tuned` 54.0 % [49.0, 59.0]." in text
    assert [row[0] for row in rows[9:]] == ["`lite0-study`"]  # the pair is what stands as tuned
    assert "2,911 photos of 6 classes, means of 10 splits" in text
    assert "weighs balanced accuracy 0.7 and MCC 0.3." in text


def test_what_learning_costs_is_told_with_what_it_was_measured_on():
    in_memory = {"torch": 39.0, "onnx": 52.65, "onnx_one_by_one": 54.0, "ours": 60.0}
    passed = {
        "photos_a_second": 48.04, "views_a_second": 55.0, "in_memory": in_memory, "photos": 1500, "views": 2,
        "feature_rate_over_memory_rate": 0.912, "over_one_by_one": 0.889,
    }  # fmt: skip
    other = passed | {"photos_a_second": 9.96, "feature_rate_over_memory_rate": 0.987}
    results = passed | {
        "training_over_one_pass": 1.0456, "other_models": {"resnet": other},
        "model": "lite0", "processors": 2, "versions": {"torch": "2.14.1"}, "command": "make benchmark-learning",
        "heads": {"heads": 60, "rows": 27000, "minutes": 12.34},
        "memory": {"photos": 270000, "views": 2, "peak_gib": 1.234},
    }  # fmt: skip
    text = learned.learning(results)
    costs, _, rates, _ = text.split("\n\n")
    assert [row[1] for row in cells(costs)[2:]] == ["1.05", "12.3", "1.234 GiB"]
    assert "60 heads on 27,000 photos, minutes" in costs
    assert cells(rates)[2:] == [
        ["`lite0`", "48.0", "55.0", "39.0", "52.6", "54.0", "60.0", "0.91", "0.89"],
        ["`resnet`", "10.0", "55.0", "39.0", "52.6", "54.0", "60.0", "0.99", "0.89"],
    ]
    assert "1,500 generated photos" in text
    assert "2 processors" in text
    assert "Measured by `make benchmark-learning`, with torch 2.14.1." in text


def test_what_reduced_scale_spares_is_told_with_how_alike_its_features_are():
    results = {
        "photos_a_second": {"reduced": 21.04, "in_full": 5.26}, "reduced_over_in_full": 4.0, "photos": 96,
        "lowest_cosine": {"full": 0.99984, "zoom": 0.99871}, "size": [4032, 3024], "mean_bytes": 3_140_000,
        "model": "lite0", "processors": 2, "command": "make benchmark-phone-photos", "versions": {"torch": "2.14.1"},
    }  # fmt: skip
    table, said = learned.phone_photos(results).split("\n\n")
    assert cells(table)[2:] == [["`lite0`", "21.0", "5.3", "4.0"]]
    assert said.startswith("96 generated JPEGs of 4032 x 3024 pixels, 3.1 MB each, in 2 views; 2 processors.")
    assert "full 0.9998, zoom 0.9987" in said


def test_the_drop_on_photos_from_elsewhere_stands_above_what_is_recovered():
    told = {"balanced_accuracy": figure(0.43), "mcc": figure(0.3)}
    model = told | {"model": "lite0-study", "drop": {"balanced_accuracy": figure(-0.12), "mcc": figure(-0.17)}}
    gain = {"balanced_accuracy": figure(0.02), "mcc": figure(-0.01)}
    model["recovered"] = {method: told | {"gain": gain} for method in learned.METHODS}
    counts = {
        "rows": 1109, "used": 1106, "copy": 0, "conflicting_labels": 0, "outside_taxonomy": 1, "outside_model": 1,
        "repeated": 1,
    }  # fmt: skip
    beyond = {"test": {"unusual": figure(0.05)}, "external": {"unusual": figure(0.5)}}
    results = {
        "models": [model], "outliers": {"lite0": beyond}, "counts": counts, "photos": {"BCC": 353, "MEL": 48},
        "seed": 3, "command": "make benchmark-external", "versions": {"torch": "2.14.1"},
    }  # fmt: skip
    text = learned.external_pad(results)
    rows = cells(text)
    assert rows[2] == [
        "`lite0-study`",
        "43.0 % [38.0, 48.0]",
        "-12.0 [-17.0, -7.0]",
        "0.300 [0.250, 0.350]",
        "-0.170 [-0.220, -0.120]",
    ]
    assert [row[1] for row in rows[5:]] == ["features matched", "class shares corrected", "both"]
    assert rows[5][3] == "+2.0 [-3.0, +7.0]"
    assert "1,106 of 1,109 photos (BCC 353, MEL 48): 0 copies" in text
    assert "1 repeated and 2 of other classes are left out" in text
    assert "50.0 % for `lite0` (own test photos 5.0 %)" in text


def test_what_fine_tuning_gains_stands_beside_frozen_and_missing_cells_are_named():
    one = {"share": 0.1, "photos": 205, "mcc": 0.4, "accuracy": 0.5}
    gain = {"balanced_accuracy": figure(0.08), "mcc": figure(-0.02), "accuracy": figure(0.01)}
    results = {
        "cells": [
            one | {"strategy": "full", "seed": 0, "balanced_accuracy": 0.5},
            one | {"strategy": "frozen", "seed": 0, "balanced_accuracy": 0.4},
            one | {"strategy": "frozen", "seed": 1, "balanced_accuracy": 0.46},
        ],
        "compared": [{"strategy": "full", "share": 0.1, "seeds": [0], **gain}],
        "missing": ["full-10-1", "lora-10-0", "lora-10-1"],
        "model": "lite0", "input_size": 128, "photos": {"train": 2048, "val": 439, "test": 440},
        "classes": list("abcdef"), "test_groups": 430, "confidence": 0.95, "seconds": 4000,
        "command": "make benchmark-ablation", "versions": {"timm": "1.0.31"},
    }  # fmt: skip
    text = learned.ablation(results)
    assert cells(text)[2:] == [
        # The mean of 0.40 and 0.46.
        ["10 % (205 photos)", "frozen", "43.0 %", "0.400", "50.0 %"],
        ["10 % (205 photos)", "full", "50.0 %; +8.0 [+3.0, +13.0]", "0.400; -0.020 [-0.070, +0.030]",
         "50.0 %; +1.0 [-4.0, +6.0]"],
    ]  # fmt: skip
    assert "`lite0` at 128 pixels, one split of 2,927 photos of 6 classes, 440 of them in test (430 groups)" in text
    assert "means of 2 seeds" in text
    assert "Not measured: full-10-1, lora." in text
    assert "Measured by `make benchmark-ablation` in 67 min of processor time, with timm 1.0.31." in text
    assert "Not measured" not in learned.ablation(results | {"missing": []})
