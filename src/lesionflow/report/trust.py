"""How far a classifier's answers can be trusted, as its page shows it: calibration, sets, abstention, subgroups."""

from dataclasses import dataclass

from lesionflow.report import trust_plots, trust_told
from lesionflow.report.drawing import Chart
from lesionflow.report.grids import Grid
from lesionflow.report.inputs import Model


@dataclass(frozen=True)
class Trust:
    """What the template shows; each sentence is told in full."""

    errors: Grid
    reliability: Chart
    risk: Chart
    answering: str
    sets: str
    coverage: Grid
    worst: Grid
    subgroups: Grid
    outliers: str


def of(model: Model) -> Trust:
    """The view of one model's files."""
    found = model.calibration
    return Trust(
        errors=trust_told.errors(found),
        reliability=trust_plots.reliability(model.reliability, name=model.slug),
        risk=trust_plots.risk(model.risk, found["abstention"], name=model.slug),
        answering=trust_told.answering(found["abstention"]),
        sets=trust_told.sets(found["sets"]),
        coverage=trust_told.coverage(model.coverage),
        worst=trust_told.worst(model.worst["worst"], model.metrics["test"]),
        subgroups=trust_told.subgroups(model.subgroups),
        outliers=trust_told.outliers(model.outliers),
    )
