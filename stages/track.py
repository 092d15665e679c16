"""Log one model's results to MLflow: one run and one registered version, the same content never twice."""

import sys
from pathlib import Path
from typing import Any

from lesionflow import files, params
from lesionflow.adapters import content, provenance, tracking
from lesionflow.adapters.settings import TrackParams
from lesionflow.errors import command

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write tracking/<slug>.json: the content's key and names, but no run id, so that dvc.lock stays as it is."""
    slug, settings = sys.argv[1], params.load("track", TrackParams)
    logged = {
        "model": params.load(f"models.{slug}", dict[str, Any]),
        "calibrate": params.load("calibrate", dict[str, Any]),
        "curate": params.load("curate", dict[str, Any]),
        "evaluate": params.load("evaluate", dict[str, Any]),
        "extract_features": params.load("extract_features", dict[str, Any]),
        "seed": params.load("seed", int),
        "subgroups": params.load("subgroups", dict[str, Any]),
        "train": params.load("train", dict[str, Any]),
    }
    found = content.gather(slug, logged, root=Path())
    names = {"experiment": settings.experiment, "registered_model": f"{settings.registered_prefix}{slug}"}
    tracking.track(found, **names, tags=provenance.tags(found))
    files.write_json({"model": slug, "content_key": found.key, **names}, OUTPUTS / "tracking" / f"{slug}.json")


if __name__ == "__main__":
    main()
