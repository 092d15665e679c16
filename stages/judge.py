"""Measure the maps and the corrupted answers of one classifier, give the verdict, and show both on a page."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import carrying, explanations, origin
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import ARTEFACTS, PARTS, VerdictParams
from lesionflow.explain import auditing
from lesionflow.learn import head
from lesionflow.report import explanation_page

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write reports/explain/<name>.json and reports/explanation/<name>/."""
    name, seed, settings = argument("classifier"), params.load("seed", int), params.load("evaluate", EvaluateParams)
    slug, (trained, card) = params.parts_of(name)[0], head.load(OUTPUTS / "heads" / name)
    told = [tables.read(OUTPUTS / f"{one.name}.parquet", one) for one in (tables.SPLIT, tables.TRAITS)]
    corrupted = tables.read(OUTPUTS / f"corrupted/{slug}.parquet", tables.CORRUPTED)
    answers = auditing.answers(trained, card, corrupted, *told, untold=PARTS)
    photos = auditing.of_photos(card, tables.read(OUTPUTS / f"features/{slug}.parquet", tables.FEATURES), *told)
    carriers = carrying.find(*auditing.of_corrupted(card, corrupted, *told), *photos, ARTEFACTS)
    source = origin.measure(*photos, settings, seed=seed)
    about, maps = files.read_json(OUTPUTS / "map_scores" / f"{name}.json"), OUTPUTS / "map_scores" / f"{name}.parquet"
    drawn = tables.read(OUTPUTS / "map_scores" / f"{name}-artefacts.parquet", tables.ARTEFACT_MAPS)
    scores = tables.read(maps, tables.MAP_SCORES), drawn, about["method"]
    limits = params.load("audit.severities", list[int]), settings, params.load("verdict", VerdictParams)
    found = about | explanations.report(scores, answers, source, carriers, card["labels"], *limits, seed=seed)
    files.write_json(found, REPORTS / "explain" / f"{name}.json")
    page = REPORTS / "explanation" / name
    explanation_page.write(found, OUTPUTS / "explain" / name, page, confidence=settings.confidence)


if __name__ == "__main__":
    main()
