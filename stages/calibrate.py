"""Judge how far one model's probabilities can be trusted: calibration, prediction sets, abstention."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import trust
from lesionflow.evaluate.settings import CalibrateParams

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write calibration/<model>.json, and reliability/, coverage/ and risk/<model>.csv."""
    model = argument("model")
    traits = tables.read(OUTPUTS / "traits.parquet", tables.TRAITS)
    found = trust.judge(
        tables.read(OUTPUTS / "predictions" / f"{model}.parquet", tables.PREDICTIONS),
        tables.labels_in_order(tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)),
        traits.set_index("sha256")["skin_type"],
        params.load("calibrate", CalibrateParams),
        count=params.load("evaluate.bootstrap", int),
        confidence=params.load("evaluate.confidence", float),
        seed=params.load("seed", int),
    )
    files.write_json({"model": model, **found.figures}, REPORTS / "calibration" / f"{model}.json")
    for name, frame in (("reliability", found.reliability), ("coverage", found.coverage), ("risk", found.risk)):
        files.write_text(frame.to_csv(index=False), REPORTS / name / f"{model}.csv")


if __name__ == "__main__":
    main()
