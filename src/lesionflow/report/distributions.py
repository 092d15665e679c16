"""Whom the photos show, as the page of the data tells it: a chart and a table a trait."""

from dataclasses import dataclass

from lesionflow.report import demographics, plots
from lesionflow.report.drawing import Chart
from lesionflow.report.grids import Grid
from lesionflow.report.inputs import Data


@dataclass(frozen=True)
class Distribution:
    """One trait: its chart, and its table with a row a value."""

    name: str
    chart: Chart
    table: Grid


def of(data: Data) -> list[Distribution]:
    """The traits in a fixed order; those of which no record says anything are left out."""
    return [
        Distribution(name, plots.distribution(found, name=name), demographics.table(name, found))
        for name, found in demographics.recorded(data)
    ]
