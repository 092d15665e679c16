"""List the photos whose label a model doubts, and those unlike their class, for a person to look at."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import decisions, review
from lesionflow.curate.settings import ReviewParams
from lesionflow.errors import argument, command
from lesionflow.ingest import csvrows, taxonomy

DATA, OUTPUTS, REPORTS = Path("data"), Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write review.parquet, review.csv and review.json."""
    slug = argument("model")
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    features = tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES)
    features = features[features["view"] == "full"]  # which every recipe can be held against
    told = decisions.load(DATA / decisions.FILE, csvrows.read, set(taxonomy.load(DATA / "taxonomy.yaml").classes))
    seen = review.reviewed(tables.read(OUTPUTS / "curated.parquet", tables.CURATED), told)
    settings = params.load("curate.review", ReviewParams)
    table, counts = review.review(split, features, settings, seed=params.load("seed", int), reviewed=seen)
    tables.write(table, OUTPUTS / "review.parquet", tables.REVIEW)
    files.write_text(review.to_csv(table), REPORTS / "review.csv")
    files.write_json({"model": slug, **counts}, REPORTS / "review.json")


if __name__ == "__main__":
    main()
