"""Judge every classifier on the photos from elsewhere."""

from pathlib import Path

from lesionflow import params
from lesionflow.errors import argument, command
from lesionflow.evaluate.external import Settings
from lesionflow.evaluate.settings import CalibrateParams, EvaluateParams, OutliersParams, SubgroupsParams
from lesionflow.external import evaluating, writing
from lesionflow.external.settings import FOLDER
from lesionflow.params import Joined

OUTPUTS, REPORTS = Path("outputs"), Path("reports/external")


@command
def main() -> None:
    """Write external/<name>.json and .md, <name>-excluded.csv and <name>-subgroups.csv."""
    name, joined = argument("source"), params.load("joined", list[Joined])
    settings = Settings(
        params.load("evaluate", EvaluateParams),
        params.load("calibrate", CalibrateParams),
        params.load("subgroups", SubgroupsParams),
        params.load("seed", int),
    )
    names = params.classifiers(params.load("active", list[str]), params.load("active_recipes", list[str]), joined)
    far = params.load("outliers", OutliersParams)
    found = evaluating.evaluate(FOLDER / name, OUTPUTS, names, joined, settings, far)
    writing.write(name, found, FOLDER / name, REPORTS)


if __name__ == "__main__":
    main()
