"""Audit two classifiers joined into one, give the verdict, and show it; a pair has no heat maps of its own."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import explanations
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import VerdictParams
from lesionflow.explain import auditing
from lesionflow.learn import head
from lesionflow.params import Joined
from lesionflow.report import explanation_page

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write reports/explain/<name>.json and reports/explanation/<name>/."""
    name, seed, settings = argument("joined"), params.load("seed", int), params.load("evaluate", EvaluateParams)
    pair = params.named(params.load("joined", list[Joined]), name)
    split, traits = (tables.read(OUTPUTS / f"{one.name}.parquet", one) for one in (tables.SPLIT, tables.TRAITS))
    own, members, cards = [], [], []
    for one in (pair.first, pair.second):
        trained, card = head.load(OUTPUTS / "heads" / one)
        path = OUTPUTS / "corrupted" / f"{params.parts_of(one)[0]}.parquet"
        own.append(tables.read(OUTPUTS / "predictions" / f"{one}.parquet", tables.PREDICTIONS))
        members.append(auditing.answers(trained, card, tables.read(path, tables.CORRUPTED), split, traits))
        cards.append(card)
    answers, severities = auditing.of_pair(own, members, cards), params.load("audit.severities", list[int])
    limits, labels = params.load("verdict", VerdictParams), cards[0]["labels"]
    found = {"model": name} | explanations.report(None, answers, None, labels, severities, settings, limits, seed=seed)
    files.write_json(found, REPORTS / "explain" / f"{name}.json")
    explanation_page.write(found, None, REPORTS / "explanation" / name, confidence=settings.confidence)


if __name__ == "__main__":
    main()
