"""Show what curation joined, dropped and flagged, for a person to look at."""

from pathlib import Path

from lesionflow import params, tables
from lesionflow.curate import breaches, proposals, quality
from lesionflow.curate.reasons import Reason
from lesionflow.curate.settings import QualityParams
from lesionflow.errors import command
from lesionflow.images import stored_photos
from lesionflow.report import curation, curation_page
from lesionflow.report.cards import Catalogue
from lesionflow.report.settings import GalleryParams

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write curation/index.html and its pictures."""
    curated, ingested, pairs, review, fingerprints = (
        tables.read(OUTPUTS / f"{table.name}.parquet", table)
        for table in (tables.CURATED, tables.INGESTED, tables.DUPLICATE_PAIRS, tables.REVIEW, tables.FINGERPRINTS)
    )
    bounds, settings = params.load("curate.quality", QualityParams), params.load("report.gallery", GalleryParams)
    told = curation.Told(
        reasons=list(map(str, Reason)),
        evidence=breaches.told(fingerprints, quality.unusable(fingerprints, bounds), bounds),
        pairs=proposals.for_pairs(pairs),
        clusters=proposals.for_clusters(curated, pairs),
        review=proposals.for_review(review),
    )
    sections = curation.sections(Catalogue(curated, ingested), pairs, review, told, settings)
    photos = stored_photos(ingested, OUTPUTS / "shards")
    curation_page.write(sections, photos, REPORTS / "curation", header=proposals.HEADER)


if __name__ == "__main__":
    main()
