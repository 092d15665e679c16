import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report import inputs
from tests.report.written_run import write_joined


def read(root, slugs=("first-study",)):
    return inputs.read(root / "outputs", root / "reports", slugs)


def test_files_of_models_that_are_not_active_are_left_alone(root):
    (root / "reports/metrics/second-study.json").write_text("broken")
    asked = ["untrained-study", "first-study"]
    assert [model.slug for model in read(root, asked).models] == asked


def test_labels_that_look_like_numbers_or_gaps_stay_labels(root):
    path = root / "reports/confusion/first-study.csv"
    path.write_text("actual,predicted\nNA,007\nnan,None\n")
    assert read(root).models[0].confusion.to_numpy().tolist() == [["NA", "007"], ["nan", "None"]]


def test_undefined_number_of_a_class_is_missing(root):
    (root / "reports/per_class/first-study.csv").write_text("label,precision,note\nNA,,x\nb,0.5,y\n")
    frame = read(root).models[0].per_class
    assert frame["precision"].isna().tolist() == [True, False]
    assert frame["note"].tolist() == ["x", "y"]


def test_no_active_model_is_refused(root):
    with pytest.raises(LesionflowError, match=r"params\.yaml: active"):
        read(root, [])


def test_picture_of_an_unknown_kind_is_refused_rather_than_left_out(root):
    path = root / "outputs/explain/first-study/index.json"
    path.write_text(path.read_text().replace('"wrong"', '"mistaken"'))
    with pytest.raises(LesionflowError, match="expected: kind right or wrong"):
        read(root)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics/first-study.json", None, "no such file\n  to do:    Run `dvc repro evaluate`."),
        ("metrics/first-study.json", "{", "damaged"),
        (
            "metrics/first-study.json",
            "{}",
            "damaged\n  got:      keys none\n  expected: an object with test, val, train",
        ),
        ("split.json", "{}", "damaged\n  got:      keys none\n  expected: an object with set_aside"),
        ("review.json", "{}", "damaged\n  got:      keys none\n  expected: an object with model, photos, kinds"),
        ("leakage.json", "[]", "damaged\n  got:      list\n  expected: an object with named values"),
        ("history/first-study.csv", None, "no such file\n  to do:    Run `dvc repro train`."),
        ("history/first-study.csv", "", "damaged\n  got:      No columns to parse from file"),
        ("history/first-study.csv", "epoch\n1\n", "damaged\n  got:      columns epoch\n  expected: also train_loss"),
        ("history/first-study.csv", "epoch,train_loss\n1,x\n", "damaged\n  got:      Unable to parse string"),
    ],
)
def test_missing_or_damaged_file_is_named_with_what_to_do(root, name, content, message):
    path = root / "reports" / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(LesionflowError) as caught:
        read(root)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_joined_classifier_has_the_lineage_of_both_and_no_curves_or_maps(root):
    pair = write_joined(root, "pair-study", 0.9)
    run = inputs.read(root / "outputs", root / "reports", ["first-study", "second-study"], [pair])
    joined = run.models[-1]
    assert joined.slug == "pair-study"
    assert joined.backbone == {
        "timm": "tf_first and tf_second",
        "weights": "package",
        "weights_sha256": "ab" * 32,
        "licence": "Apache-2.0",
        "trained_on": "ImageNet-1k",
    }
    assert (len(joined.history), joined.gallery["items"], joined.training["tau"]) == (0, [], 0.5)


def test_a_joined_classifier_with_an_untrained_part_is_untrained(root):
    pair = write_joined(root, "pair-study", 0.9).model_copy(update={"second": "untrained-study"})
    assert inputs.read(root / "outputs", root / "reports", ["first-study"], [pair]).models[-1].untrained


def test_a_joined_classifier_that_was_not_made_is_told(root):
    pair = write_joined(root, "pair-study", 0.9)
    (root / "reports/training/pair-study.json").unlink()
    with pytest.raises(LesionflowError, match=r"pair-study\.json: no such file\n  to do:    Run `dvc repro join`\."):
        inputs.read(root / "outputs", root / "reports", ["first-study"], [pair])
