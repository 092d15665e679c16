import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report import inputs


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
