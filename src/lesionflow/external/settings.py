"""Which photos from elsewhere the pipeline evaluates on, and where what is made of them lies."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from lesionflow.errors import LesionflowError
from lesionflow.params import Section

FOLDER = Path("outputs/external")


class Source(Section):
    """A manifest of photos from elsewhere, and the folder from which its relative paths start (the manifest's own)."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    manifest: Path
    photos: Path | None = None

    @property
    def base(self) -> Path:
        """Where relative paths start."""
        return self.manifest.parent if self.photos is None else self.photos


def named(sources: Sequence[Source], name: str) -> Source:
    """The source of this name.

    Raises
    ------
    LesionflowError : there is none.
    """
    found = [source for source in sources if source.name == name]
    if not found:
        have = ", ".join(source.name for source in sources) or "none"
        raise LesionflowError(f"params.yaml: external: {name}", got=have, expected="a source of this name")
    return found[0]
