"""Log one classifier's results to MLflow: one run and one registered version, the same content never twice."""

from pathlib import Path
from typing import Any

from lesionflow import files, params
from lesionflow.adapters import content, provenance, tracking
from lesionflow.adapters.settings import TrackParams
from lesionflow.errors import argument, command

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write tracking/<name>.json: the content's key and names, but no run id, so that dvc.lock stays as it is."""
    name, settings = argument("classifier"), params.load("track", TrackParams)
    slug, recipe = params.parts_of(name)
    logged = {
        "model": params.load(f"models.{slug}", dict[str, Any]),
        "calibrate": params.load("calibrate", dict[str, Any]),
        "curate": params.load("curate", dict[str, Any]),
        "evaluate": params.load("evaluate", dict[str, Any]),
        "extract_features": params.load("extract_features", dict[str, Any]),
        "seed": params.load("seed", int),
        "recipe": {"name": recipe, **params.load(f"recipes.{recipe}", dict[str, Any])},
        "subgroups": params.load("subgroups", dict[str, Any]),
    }
    found = content.gather(name, logged, root=Path(), backbone=slug)
    told = {"lesionflow.backbone": slug, "lesionflow.recipe": recipe}
    names = {"experiment": settings.experiment, "registered_model": f"{settings.registered_prefix}{name}"}
    tracking.track(found, **names, tags=provenance.tags(found) | told)
    files.write_json({"model": name, "content_key": found.key, **names}, OUTPUTS / "tracking" / f"{name}.json")


if __name__ == "__main__":
    main()
