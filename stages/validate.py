"""Hold a table to its expectation suite; what breaks it stops the pipeline here."""

import sys
from pathlib import Path

import pandas as pd

from lesionflow import files, params, tables
from lesionflow.adapters import checks, gate
from lesionflow.adapters.settings import ValidateParams
from lesionflow.errors import command

OUTPUTS, SUITES, REPORTS = Path("outputs"), Path("expectations"), Path("reports")


@command
def main() -> None:
    """Write validation/<table>.json; when the table breaks its suite, leave none."""
    name, settings = sys.argv[1], params.load("validate", ValidateParams)
    report = REPORTS / "validation" / f"{name}.json"
    report.unlink(missing_ok=True)
    suite, prepared = gate.read_suite(SUITES / f"{name}.json"), _prepared(name)
    results = gate.hold(prepared, suite, parameters=settings.model_dump(), key=checks.GATED[name].key)
    gate.refuse_failures(name, results, made_by=checks.GATED[name].made_by)
    files.write_json(gate.summary(name, len(prepared.frame), results), report)


def _prepared(name: str) -> checks.Prepared:
    if name == "predictions":
        models = params.load("active", list[str])
        paths = [OUTPUTS / "predictions" / f"{slug}.parquet" for slug in models]
        frames = [tables.read(path, tables.PREDICTIONS) for path in paths]
        return checks.predictions(pd.concat(frames, ignore_index=True), models=models)
    frame = tables.read(OUTPUTS / f"{name}.parquet", checks.GATED[name])
    return checks.prepare(name, frame, shares=params.load("curate.split", dict[str, float]))


if __name__ == "__main__":
    main()
