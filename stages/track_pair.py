"""Log a joined pair's results to MLflow: one run and one registered version, the same content never twice."""

from pathlib import Path

from lesionflow import files, params
from lesionflow.adapters import content, tracking
from lesionflow.adapters.settings import TrackParams
from lesionflow.errors import argument, command
from lesionflow.params import Joined

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write tracking/<name>.json."""
    name, settings = argument("pair"), params.load("track", TrackParams)
    pair = content.subject(name, [params.named(params.load("joined", list[Joined]), name)])
    files.write_json(tracking.track_present(pair, settings), OUTPUTS / "tracking" / f"{name}.json")


if __name__ == "__main__":
    main()
