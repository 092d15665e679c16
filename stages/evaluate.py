"""Predict every photo of the split with one classifier, and measure the predictions."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import predictions
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.learn import examples, head, head_inputs

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write predictions/<name>.parquet, metrics/<name>.json, per_class/<name>.csv and confusion/<name>.csv."""
    name, seed = argument("classifier"), params.load("seed", int)
    settings = params.load("evaluate", EvaluateParams)
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    labels, malignant = tables.labels_in_order(classes), tables.malignant_labels(classes)
    trained, card = head.load(OUTPUTS / "heads" / name)
    predictions.refuse_other_labels(card["labels"], labels, model=name)
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    features = tables.read(OUTPUTS / "features" / f"{params.parts_of(name)[0]}.parquet", tables.FEATURES)
    traits = tables.read(OUTPUTS / "traits.parquet", tables.TRAITS)
    matrix = examples.join(split, features, head_inputs.of_card(card), traits)
    table = predictions.table(split, trained.probabilities(matrix), labels, model=name)
    tables.write(table, OUTPUTS / "predictions" / f"{name}.parquet", tables.PREDICTIONS)
    measured = predictions.report(table, labels, settings, seed=seed, malignant=malignant)
    files.write_json({"model": name, **measured}, REPORTS / "metrics" / f"{name}.json")
    for kind, frame in (
        ("per_class", predictions.per_class(table, labels)),
        ("confusion", predictions.confusion(table)),
    ):
        files.write_text(frame.to_csv(index=False), REPORTS / kind / f"{name}.csv")


if __name__ == "__main__":
    main()
