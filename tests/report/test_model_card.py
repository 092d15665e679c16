import re

import pytest
from huggingface_hub import ModelCard

from lesionflow import files
from lesionflow.report import inputs, model_card
from lesionflow.report.settings import CardParams
from tests.report.test_data_card import HOSTILE, MARKUP, NOTHING, unpadded
from tests.report.written_run import PLAN, write_joined, write_run


def card(root, name="second-study", joined=(), **told):
    run = inputs.of_one(root / "outputs", root / "reports", name, joined)
    return unpadded(model_card.render(run, CardParams(**NOTHING | told), confidence=0.95))


def test_header_is_metadata_that_the_hub_reads_with_the_figures_of_the_metrics_file(root):
    found = ModelCard(card(root)).data
    metrics = files.read_json(root / "reports/metrics/second-study.json")["test"]
    told = {result.metric_type: result.metric_value for result in found.eval_results}
    assert told["balanced_accuracy"] == metrics["balanced_accuracy"]["value"]
    assert told["matthews_correlation"] == metrics["mcc"]["value"]
    assert {result.dataset_split for result in found.eval_results} == {"test"}
    assert found.base_model == ["timm/tf_second"]
    assert found.pipeline_tag == "image-classification"


def test_weights_and_photos_of_other_licences_make_no_single_one(root, tmp_path):
    # Weights Apache-2.0, photos CC-BY-4.0.
    found = ModelCard(card(root)).data.to_dict()
    assert (found["license"], found["license_link"]) == ("other", "#licences")
    alike = write_run(tmp_path / "alike", licence="Apache-2.0")
    assert ModelCard(card(alike)).data.license == "apache-2.0"


def test_sections_of_a_model_card_are_filled_from_the_run(root):
    text = card(root)
    sections = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert sections == [
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation and training data", "Quantitative analyses",
        "Ethical considerations", "Caveats and recommendations",
    ]  # fmt: skip
    assert "| Balanced accuracy | 80.0 % [75.0, 85.0] |" in text
    assert "- melanoma taken for nevus: 1 of 2 photos (50.0 %)" in text
    assert "| Sex: female | Balanced accuracy | 25.0 % [12.5, 75.0] | 80.0 % | 2 |" in text
    assert "- 21 photos of atlas: CC-BY-4.0 (A. Nobody)" in text
    assert "has the best Balanced accuracy on validation" in text
    assert "- **Small test split**: 4 photos of 4 leakage groups" in text


def test_a_classifier_that_was_not_selected_says_how_far_it_is_from_the_one_that_was(root):
    text = " ".join(card(root, "first-study").split())
    assert "The run selects second-study, by Balanced accuracy on validation." in text
    assert "-10.0 [-25.0, +5.0], noise (after Holm's correction" in text


def test_untrained_backbone_is_no_base_model(root):
    text = card(root, "untrained-study")
    assert ModelCard(text).data.base_model is None
    assert "The backbone's weights are random" in text


def test_undefined_figures_stay_out_of_the_header(root):
    path = root / "reports/metrics/second-study.json"
    path.write_text(re.sub(r"0\.\d+", "null", path.read_text()))
    text = card(root)
    assert ModelCard(text).data.eval_results == []
    assert "| Balanced accuracy | n/a |" in text


def test_a_joined_classifier_names_both_backbones(root):
    pair = write_joined(root, "pair-study", 0.9)
    text = card(root, "pair-study", [pair])
    assert ModelCard(text).data.base_model == ["timm/tf_first", "timm/tf_second"]
    assert "the log-probabilities of two such classifiers averaged" in text
    assert "No heat maps were drawn" in text


def test_verdict_of_the_audit_stands_in_the_card(root):
    path = root / "reports/explain/second-study.json"
    verdict = {"fails": [{"check": "rulers", "says": "It looks at rulers."}], "checks": ["rulers"]}
    files.write_json(files.read_json(path) | {"verdict": verdict, "shortcut_audit_fails": True}, path)
    text = card(root)
    assert "- Audit failed: It looks at rulers." in text
    assert "- **Shortcuts**: second-study fails" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_show_as_text(tmp_path, name):
    plan = {name: PLAN["melanoma"], "nevus": PLAN["nevus"]}
    text = card(write_run(tmp_path, plan, source=name, licence=name))
    header, body = text.split("\n---\n", 1)
    assert not re.search(MARKUP, body)
    # The header is data, in which a name is a quoted string like any other.
    assert not re.search(r"^# h|^- i|^---$", header.removeprefix("---"), re.MULTILINE)
    assert ModelCard(text).data.pipeline_tag == "image-classification"
