"""Log one classifier's results to MLflow: one run and one registered version, the same content never twice."""

from pathlib import Path

from lesionflow import files, params
from lesionflow.adapters import content, tracking
from lesionflow.adapters.settings import TrackParams
from lesionflow.errors import argument, command

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write tracking/<name>.json."""
    name, settings = argument("classifier"), params.load("track", TrackParams)
    told = tracking.track_present(content.subject(name), settings)
    files.write_json(told, OUTPUTS / "tracking" / f"{name}.json")


if __name__ == "__main__":
    main()
