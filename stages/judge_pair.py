"""Audit two classifiers joined into one, give the verdict, and show it; a pair has no heat maps of its own."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import carrying, explanations
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import ARTEFACTS, PARTS, VerdictParams
from lesionflow.explain import auditing
from lesionflow.learn import head
from lesionflow.params import Joined
from lesionflow.report import explanation_page

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write reports/explain/<name>.json and reports/explanation/<name>/; what photos carry, the first backbone says."""
    name, seed, settings = argument("joined"), params.load("seed", int), params.load("evaluate", EvaluateParams)
    both = params.named(params.load("joined", list[Joined]), name).both
    told = [tables.read(OUTPUTS / f"{one.name}.parquet", one) for one in (tables.SPLIT, tables.TRAITS)]
    slugs = [params.parts_of(one)[0] for one in both]
    drawn = [tables.read(OUTPUTS / f"corrupted/{slug}.parquet", tables.CORRUPTED) for slug in slugs]
    own = [tables.read(OUTPUTS / f"predictions/{one}.parquet", tables.PREDICTIONS) for one in both]
    heads, cards = zip(*(head.load(OUTPUTS / "heads" / one) for one in both), strict=True)
    members = [auditing.answers(*one, *told, untold=PARTS) for one in zip(heads, cards, drawn, strict=True)]
    photos = auditing.of_photos(cards[0], tables.read(OUTPUTS / f"features/{slugs[0]}.parquet", tables.FEATURES), *told)
    carriers = carrying.find(*auditing.of_corrupted(cards[0], drawn[0], *told), *photos, ARTEFACTS)
    limits = params.load("audit.severities", list[int]), settings, params.load("verdict", VerdictParams)
    measured = auditing.of_pair(own, members, cards), None, carriers, cards[0]["labels"]
    found = {"model": name} | explanations.report(None, *measured, *limits, seed=seed)
    files.write_json(found, REPORTS / "explain" / f"{name}.json")
    explanation_page.write(found, None, REPORTS / "explanation" / name, confidence=settings.confidence)


if __name__ == "__main__":
    main()
