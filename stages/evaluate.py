"""Predict every photo of the split with one classifier, and measure the predictions."""

from pathlib import Path

from lesionflow import params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import predictions, results
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.learn import examples, head, head_inputs

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write predictions/<name>.parquet, metrics/<name>.json, per_class/<name>.csv and confusion/<name>.csv."""
    name, seed = argument("classifier"), params.load("seed", int)
    settings = params.load("evaluate", EvaluateParams)
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    labels = tables.labels_in_order(classes)
    trained, card = head.load(OUTPUTS / "heads" / name)
    predictions.refuse_other_labels(card["labels"], labels, model=name)
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    features = tables.read(OUTPUTS / "features" / f"{params.parts_of(name)[0]}.parquet", tables.FEATURES)
    traits = tables.read(OUTPUTS / "traits.parquet", tables.TRAITS)
    matrix = examples.join(split, features, head_inputs.of_card(card), traits)
    table = predictions.table(split, trained.probabilities(matrix), labels, model=name)
    results.write(table, classes, settings, name=name, seed=seed, outputs=OUTPUTS, reports=REPORTS)


if __name__ == "__main__":
    main()
