"""Which photos from elsewhere the pipeline evaluates on, and where what is made of them lies."""

from pathlib import Path

from pydantic import Field

from lesionflow.params import Named

FOLDER = Path("outputs/external")


class Source(Named):
    """A manifest of photos from elsewhere, and the folder from which its relative paths start (the manifest's own)."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    manifest: Path
    photos: Path | None = None

    @property
    def base(self) -> Path:
        """Where relative paths start."""
        return self.manifest.parent if self.photos is None else self.photos
