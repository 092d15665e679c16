import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import readme
from lesionflow.errors import LesionflowError

PROJECT = Path(__file__).parents[2]


def figure(value):
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


RESULTS = {
    "models": [
        {
            "model": "efficientnet_lite0",
            "accuracy": figure(0.7),
            "balanced_accuracy": figure(0.6),
            "macro_f1": figure(0.5),
            "mcc": figure(0.4),
        }
    ],
    "command": "make benchmark-milk10k",
    "versions": {"torch": "2.14.1", "timm": "1.0.31"},
    "seconds": 754.3,
}
TEXT = "# Title\n\n<!-- table: milk10k -->\nold\n<!-- end: milk10k -->\n\nrest\n"
# 754 seconds are 12.6 minutes.
RENDERED = """# Title

<!-- table: milk10k -->
| Model                |            Accuracy |   Balanced accuracy |            Macro F1 |                  MCC |
| :------------------- | ------------------: | ------------------: | ------------------: | -------------------: |
| `efficientnet_lite0` | 70.0 % [65.0, 75.0] | 60.0 % [55.0, 65.0] | 50.0 % [45.0, 55.0] | 0.400 [0.350, 0.450] |

Measured by `make benchmark-milk10k` in 13 min, with torch 2.14.1, timm 1.0.31.
<!-- end: milk10k -->

rest
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "benchmarks/results").mkdir(parents=True)
    (tmp_path / "benchmarks/results/milk10k.json").write_text(json.dumps(RESULTS))
    (tmp_path / "README.md").write_text(TEXT)
    return tmp_path


def run(folder, *options):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    command = [sys.executable, PROJECT / "benchmarks/readme.py", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_tables_of_the_readme_are_those_of_the_results():
    readme.update(PROJECT / "README.md", PROJECT / "benchmarks/results", check=True)


def test_table_is_rendered_between_its_markers_and_a_second_time_unchanged(project):
    results = project / "benchmarks/results"
    assert readme.rendered(TEXT, results) == RENDERED
    assert readme.rendered(RENDERED, results) == RENDERED


def test_check_tells_a_stale_table_and_writes_nothing(project):
    done = run(project, "--check")
    assert done.returncode == 1
    assert done.stderr == (
        "error: README.md: its tables differ from benchmarks/results\n"
        "  to do:    Run `make readme` and commit README.md.\n"
    )
    assert (project / "README.md").read_text() == TEXT


def test_command_writes_the_tables_and_check_then_passes(project):
    assert run(project).returncode == 0
    assert (project / "README.md").read_text() == RENDERED
    assert run(project, "--check").returncode == 0


def test_unknown_option_is_refused(project):
    assert "expected: nothing, or --check" in run(project, "--chekc").stderr


@pytest.mark.parametrize(
    "text",
    [
        "no marker",
        "<!-- table: milk10k -->",
        "<!-- end: milk10k --><!-- table: milk10k -->",
        "<!-- table: milk10k --><!-- end: other -->",
        "<!-- table: milk10k --><!-- table: milk10k --><!-- end: milk10k --><!-- end: milk10k -->",
    ],
)
def test_markers_that_do_not_pair_are_refused(project, text):
    with pytest.raises(LesionflowError, match="expected: pairs of"):
        readme.rendered(text, project / "benchmarks/results")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), ("{", "not JSON"), ('{"models": []}', "no 'command'")]
)
def test_missing_or_incomplete_results_are_named(project, content, message):
    path = project / "benchmarks/results/milk10k.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(LesionflowError) as caught:
        readme.rendered(TEXT, path.parent)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "Run `make benchmark-milk10k`." in str(caught.value)


def test_unknown_table_is_refused(project):
    with pytest.raises(LesionflowError, match="expected: one of update, milk10k"):
        readme.rendered("<!-- table: x --><!-- end: x -->", project / "benchmarks/results")


def test_rates_of_ingestion_stand_beside_their_peers():
    results = {
        "images_per_second": 608.3, "img2dataset_images_per_second": 571.3, "ratio": 1.065, "resume_share": 0.0406,
        "photos": 5000, "mean_bytes": 38931, "workers": 2, "pairs": [{}, {}, {}], "command": "make benchmark-ingest",
        "versions": {"scrapy": "2.19.0"},
    }  # fmt: skip
    text = readme.ingest(results)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
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
    text = readme.leakage(results)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
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
        "seed": 1, "command": "make benchmark-curation", "versions": {"cleanvision": "0.3.6"},
    }  # fmt: skip
    text = readme.curation(results)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
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
    text = readme.curation_scale(results)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    assert rows[2] == ["27,000", "47 s", "1.6 GiB", "900", "99.3 %"]
    assert rows[4] == ["1,000,000", "8 min", "1.6 GiB", "900", "99.3 %"]
    assert "to the power 1.10; two local Ray workers find other pairs (a fault)." in text


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_the_gain_of_the_tuned_recipe_stands_below_both():
    of = {"balanced_accuracy": figure(0.54), "mcc": figure(0.48), "accuracy": figure(0.58)}
    gain = {"balanced_accuracy": figure(0.08), "mcc": figure(0.02), "accuracy": figure(0.01)}
    results = {
        "study": of, "tuned": of, "tuned_minus_study": gain, "tuned_with_clinical": of,
        "models": {"lite0-study": gain | {"mcc": figure(0.4)}, "pair-tuned": of},
        "trade": 0.7, "photos": 2911, "classes": list("abcdef"),
        "splits": list(range(10)),
        "command": "make benchmark-learning-milk10k", "versions": {"torch": "2.14.1"},
    }  # fmt: skip
    text = readme.learning_milk10k(results)
    rows = cells(text)
    assert rows[3][0] == "tuned"
    # Each interval of the fixture reaches 0.05 to both sides.
    assert rows[4] == ["tuned minus study", "8.0 % [3.0, 13.0]", "0.020 [-0.030, 0.070]", "1.0 % [-4.0, 6.0]"]
    assert [row[0] for row in rows[6:]] == ["`lite0-study`"]  # the pair is what stands as tuned
    assert "2,911 photos of 6 classes, means of 10 splits" in text
    assert "weighs balanced accuracy 0.7 and MCC 0.3." in text


def test_what_learning_costs_is_told_with_what_it_was_measured_on():
    passed = {"photos_a_second": 48.04, "in_memory": {"torch": 39.0, "onnx": 52.65, "ours": 60.0}, "photos": 1500}
    other = passed | {"photos_a_second": 9.96, "feature_rate_over_memory_rate": 0.987}
    results = passed | {
        "training_over_one_pass": 1.0456, "feature_rate_over_memory_rate": 0.912, "other_models": {"resnet": other},
        "model": "lite0", "processors": 2, "versions": {"torch": "2.14.1"}, "command": "make benchmark-learning",
        "heads": {"heads": 60, "rows": 27000, "minutes": 12.34},
        "memory": {"photos": 270000, "views": 2, "peak_gib": 1.234},
    }  # fmt: skip
    text = readme.learning(results)
    costs, _, rates, _ = text.split("\n\n")
    assert [row[1] for row in cells(costs)[2:]] == ["1.05", "12.3", "1.234 GiB"]
    assert "60 heads on 27,000 photos, minutes" in costs
    assert cells(rates)[2:] == [
        ["`lite0`", "48.0", "39.0", "52.6", "60.0", "0.91"],
        ["`resnet`", "10.0", "39.0", "52.6", "60.0", "0.99"],
    ]
    assert "1,500 generated photos" in text
    assert "2 processors" in text
    assert "Measured by `make benchmark-learning`, with torch 2.14.1." in text


def test_the_drop_on_photos_from_elsewhere_stands_above_what_is_recovered():
    told = {"balanced_accuracy": figure(0.43), "mcc": figure(0.3)}
    model = told | {"model": "lite0-study", "drop": {"balanced_accuracy": figure(-0.12), "mcc": figure(-0.17)}}
    gain = {"balanced_accuracy": figure(0.02), "mcc": figure(-0.01)}
    model["recovered"] = {method: told | {"gain": gain} for method in readme.METHODS}
    counts = {
        "rows": 1109, "used": 1106, "copy": 0, "conflicting_labels": 0, "outside_taxonomy": 1, "outside_model": 1,
        "repeated": 1,
    }  # fmt: skip
    beyond = {"test": {"unusual": figure(0.05)}, "external": {"unusual": figure(0.5)}}
    results = {
        "models": [model], "outliers": {"lite0": beyond}, "counts": counts, "photos": {"BCC": 353, "MEL": 48},
        "seed": 3, "command": "make benchmark-external", "versions": {"torch": "2.14.1"},
    }  # fmt: skip
    text = readme.external_pad(results)
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


def test_missing_external_results_name_the_target_that_makes_them(tmp_path):
    text = "<!-- table: external_pad -->\n<!-- end: external_pad -->\n"
    with pytest.raises(LesionflowError, match="make benchmark-external`"):
        readme.rendered(text, tmp_path)


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
    text = readme.ablation(results)
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
    assert "Not measured" not in readme.ablation(results | {"missing": []})


def audited(corruption, severity, raised, accuracy=0.2):
    told = {"corruption": corruption, "severity": severity, "majority": 0.3, "accuracy": figure(accuracy)}
    return told | {"raised": {"class": "NV", **figure(raised)}, "carried": figure(-0.1)}


EXPLAINED = {
    "drawn": {"1": {}, "2": {}, "3": {}},
    "caught": 3,
    "flagged": 1,
    "of_each_class": 60,
    "seconds_over_forward_backward": 0.512,
    "milk10k": {
        "photos": 100,
        "test_photos": 15,
        "recognised": {"lite0": {"pen": figure(0.4)}},
        "models": {
            "lite0-study": {
                "fails": ["shortcut: pen marking", "robust: blur"],
                "audit": [audited("border_only", 0, 0.1), audited("pen", 1, 0.4), audited("ruler", 1, 0.2),
                          audited("ruler", 5, 0.9), audited("blur", 1, 0.8)],
                "carrying": {key: {"photos": 5, "free": 8, "difference": figure(0.1)} for key in readme.CARRIED},
            }
        },
    },
    "command": "make benchmark-explain",
    "versions": {"torch": "2.14.1"},
}  # fmt: skip


def test_the_audit_is_told_by_what_raises_a_class_most_at_the_lowest_severity():
    told = readme.explain(EXPLAINED)
    assert "is caught 3 times of 3; one that had no watermark to learn is flagged 1 times of 3." in told
    assert "costs at most 0.51 times" in told
    row = next(line for line in told.splitlines() if line.startswith("| `lite0-study` | pen marking"))
    # Neither the ruler at severity 5 nor blur, which adds nothing to a photo.
    assert "than of those free of it: `lite0` pen ink +40.0 [+35.0, +45.0]." in told
    assert "| pen marking, NV " in row
    assert "+40.0 [+35.0, +45.0] | " in row
    assert "-10.0 [-15.0, -5.0] | " in row
    assert "20.0 % [15.0, 25.0] (30.0 %)" in row
    assert "hair 5 (free: 8), pen ink 5 (free: 8), gel 5 (free: 8), of 15" in told
