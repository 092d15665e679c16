"""Predict every photo of the split with one model's head, and measure the predictions."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import predictions
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.learn import examples, head

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write predictions/<slug>.parquet, metrics/<slug>.json, per_class/<slug>.csv and confusion/<slug>.csv."""
    slug, seed = argument("model"), params.load("seed", int)
    settings = params.load("evaluate", EvaluateParams)
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    labels, malignant = examples.labels_in_order(classes), set(classes.loc[classes["malignant"], "label"])
    split, matrix = examples.join(
        tables.read(OUTPUTS / "split.parquet", tables.SPLIT),
        tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES),
    )
    trained, card = head.load(OUTPUTS / "heads" / slug)
    predictions.refuse_other_labels(card["labels"], labels, model=slug)
    table = predictions.table(split, trained.probabilities(matrix), labels, model=slug)
    measured = predictions.report(table, labels, settings, seed=seed, malignant=malignant)
    tables.write(table, OUTPUTS / "predictions" / f"{slug}.parquet", tables.PREDICTIONS)
    files.write_json({"model": slug, **measured}, REPORTS / "metrics" / f"{slug}.json")
    for name, frame in (
        ("per_class", predictions.per_class(table, labels)),
        ("confusion", predictions.confusion(table)),
    ):
        files.write_text(frame.to_csv(index=False), REPORTS / name / f"{slug}.csv")


if __name__ == "__main__":
    main()
