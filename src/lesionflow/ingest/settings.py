"""Settings of ingestion."""

from pathlib import Path

from pydantic import Field

from lesionflow.images import MAX_PIXELS
from lesionflow.params import Section


class IngestParams(Section):
    """Limits on what is fetched (see params.yaml)."""

    file_roots: tuple[Path, ...]
    max_bytes: int = Field(ge=1)
    max_pixels: int = Field(ge=1, le=MAX_PIXELS)  # later rooms decode up to MAX_PIXELS
    timeout: float = Field(gt=0)
    max_failed_share: float = Field(ge=0, le=1)
