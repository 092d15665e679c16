"""Predict every photo with one model, and measure it; the test split is read here and nowhere else."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import metrics, results
from lesionflow.evaluate.intervals import EvaluateParams
from lesionflow.learn import examples, head

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write predictions, metrics, the per-class table and the confusion pairs of <slug>."""
    slug = argument("model")
    split, matrix = examples.join(
        tables.read(OUTPUTS / "split.parquet", tables.SPLIT),
        tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES),
    )
    trained, card = head.load(OUTPUTS / "heads" / slug)
    predictions = results.predictions(slug, split, trained.probabilities(matrix), card["labels"])
    settings, seed = params.load("evaluate", EvaluateParams), params.load("seed", int)
    tables.write(predictions, OUTPUTS / "predictions" / f"{slug}.parquet", tables.PREDICTIONS)
    files.write_json(results.summarise(predictions, settings, seed=seed), REPORTS / "metrics" / f"{slug}.json")
    test = results.part(predictions, "test")
    table = metrics.per_class(test.probabilities, test.truth, card["labels"])
    files.write_text(table.round(6).to_csv(index=False), REPORTS / "per_class" / f"{slug}.csv")
    files.write_text(results.confusion_pairs(predictions).to_csv(index=False), REPORTS / "confusion" / f"{slug}.csv")


if __name__ == "__main__":
    main()
