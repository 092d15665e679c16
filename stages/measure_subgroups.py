"""Measure one model in each subgroup of the test photos."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import predictions, subgroups, traits
from lesionflow.evaluate.settings import EvaluateParams, SubgroupsParams

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write subgroups/<model>.csv and .json."""
    model, settings = argument("model"), params.load("evaluate", EvaluateParams)
    limits, seed = params.load("subgroups", SubgroupsParams), params.load("seed", int)
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    labels, malignant = tables.labels_in_order(classes), tables.malignant_labels(classes)
    table = tables.read(OUTPUTS / "predictions" / f"{model}.parquet", tables.PREDICTIONS)
    known = tables.read(OUTPUTS / "traits.parquet", tables.TRAITS).set_index("sha256").loc[table["sha256"]]
    parts = traits.subgroups(known, table["split"] == "train", age_bands=limits.age_bands)
    test = (table["split"] == "test").to_numpy()
    alarm = predictions.alarm(table, labels, malignant, specificity=settings.specificity)
    measured = subgroups.measure(table[test], parts[test], labels, alarm, settings, limits, seed=seed)
    found = subgroups.summary(measured, files.read_json(REPORTS / "traits.json"))
    files.write_text(measured.to_csv(index=False), REPORTS / "subgroups" / f"{model}.csv")
    files.write_json({"model": model, **found}, REPORTS / "subgroups" / f"{model}.json")


if __name__ == "__main__":
    main()
