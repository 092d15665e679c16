"""Join two trained classifiers into one more entry of the leaderboard."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import predictions, results
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.learn import head, joining
from lesionflow.params import Joined

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write what evaluate writes, and training/<name>.json."""
    name, seed = argument("joined"), params.load("seed", int)
    settings, pair = params.load("evaluate", EvaluateParams), params.named(params.load("joined", list[Joined]), name)
    frames = [tables.read(OUTPUTS / "predictions" / f"{one}.parquet", tables.PREDICTIONS) for one in pair.both]
    cards = [head.load(OUTPUTS / "heads" / one)[1] for one in pair.both]
    joined, labels = joining.join(frames, cards), cards[0]["labels"]
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    table = predictions.table(frames[0], joined.probabilities, labels, model=name)
    results.write(table, classes, settings, name=name, seed=seed, outputs=OUTPUTS, reports=REPORTS)
    files.write_json({"model": name, **joined.told}, REPORTS / "training" / f"{name}.json")


if __name__ == "__main__":
    main()
