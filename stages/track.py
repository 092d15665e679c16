"""Log one classifier's results to MLflow: one run and one registered version, the same content never twice."""

from pathlib import Path

from lesionflow import files, params
from lesionflow.adapters import content, provenance, tracking
from lesionflow.adapters.settings import TrackParams
from lesionflow.errors import argument, command

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write tracking/<name>.json: the content's key and names, but no run id, so that dvc.lock stays as it is."""
    name, settings = argument("classifier"), params.load("track", TrackParams)
    found = content.gather(name, content.settings(name), root=Path(), backbone=params.parts_of(name)[0])
    origin, names = provenance.here(Path()), settings.names(name)
    tracking.track(
        found,
        **names,
        tags=provenance.tags(found, origin) | content.parts(name),
        parent=provenance.state(Path(), origin),
    )
    files.write_json({"model": name, "content_key": found.key, **names}, OUTPUTS / "tracking" / f"{name}.json")


if __name__ == "__main__":
    main()
