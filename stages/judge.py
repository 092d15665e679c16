"""Measure the maps and the corrupted answers of one classifier, give the verdict, and show both on a page."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import explanations, origin
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import VerdictParams
from lesionflow.explain import auditing
from lesionflow.learn import head
from lesionflow.report import explanation_page

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write reports/explain/<name>.json and reports/explanation/<name>/."""
    name, seed, settings = argument("classifier"), params.load("seed", int), params.load("evaluate", EvaluateParams)
    slug, _ = params.parts_of(name)
    trained, card = head.load(OUTPUTS / "heads" / name)
    split, traits = (tables.read(OUTPUTS / f"{one.name}.parquet", one) for one in (tables.SPLIT, tables.TRAITS))
    corrupted = tables.read(OUTPUTS / "corrupted" / f"{slug}.parquet", tables.CORRUPTED)
    answers = auditing.answers(trained, card, corrupted, split, traits)
    features = tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES)
    told, maps = files.read_json(OUTPUTS / "map_scores" / f"{name}.json"), OUTPUTS / "map_scores" / f"{name}.parquet"
    drawn = OUTPUTS / "map_scores" / f"{name}-artefacts.parquet"
    scores = tables.read(maps, tables.MAP_SCORES), tables.read(drawn, tables.ARTEFACT_MAPS), told["method"]
    source = origin.measure(*auditing.of_photos(card, features, split, traits), settings, seed=seed)
    severities, limits = params.load("audit.severities", list[int]), params.load("verdict", VerdictParams)
    found = explanations.report(scores, answers, source, card["labels"], severities, settings, limits, seed=seed)
    files.write_json(told | found, REPORTS / "explain" / f"{name}.json")
    page = REPORTS / "explanation" / name
    explanation_page.write(told | found, OUTPUTS / "explain" / name, page, confidence=settings.confidence)


if __name__ == "__main__":
    main()
