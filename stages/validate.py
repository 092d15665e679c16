"""Hold a table to its expectation suite; what breaks it stops the pipeline here."""

from pathlib import Path

import pandas as pd

from lesionflow import files, params, tables
from lesionflow.adapters import checks, gate
from lesionflow.adapters.settings import ValidateParams
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import argument, command

OUTPUTS, SUITES, REPORTS = Path("outputs"), Path("expectations"), Path("reports/validation")


@command
def main() -> None:
    """Write validation/<table>.json; when the table breaks its suite, leave none."""
    name, settings = argument("table"), params.load("validate", ValidateParams)
    (report := REPORTS / f"{name}.json").unlink(missing_ok=True)
    suite, prepared = gate.read_suite(SUITES / f"{name}.json"), _prepared(name)
    results = gate.hold(prepared, suite, parameters=settings.model_dump(), key=checks.GATED[name].key)
    gate.refuse_failures(name, results, made_by=checks.GATED[name].made_by)
    files.write_json(gate.summary(name, len(prepared.frame), results), report)


def _prepared(name: str) -> checks.Prepared:
    if name == "predictions":
        active, recipes = params.load("active", list[str]), params.load("active_recipes", list[str])
        models = params.classifiers(active, recipes, params.load("joined", list[params.Joined]))
        frames = [tables.read(OUTPUTS / "predictions" / f"{slug}.parquet", tables.PREDICTIONS) for slug in models]
        return checks.predictions(pd.concat(frames, ignore_index=True), models=models)
    frame = tables.read(OUTPUTS / f"{name}.parquet", checks.GATED[name])
    asked = params.load("curate.split", SplitParams)
    return checks.prepare(name, frame, shares=asked.asked(), tolerance=asked.tolerance)


if __name__ == "__main__":
    main()
