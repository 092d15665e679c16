"""Settings of ingestion."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import Field

from lesionflow.images import MAX_PIXELS
from lesionflow.params import Section


class WebParams(Section):
    """How servers are asked (see params.yaml)."""

    polite: bool
    per_host: int = Field(ge=1)
    delay: float = Field(ge=0)
    timeout: float = Field(gt=0)
    retries: int = Field(ge=0)
    max_wait: float = Field(ge=0)
    allowed_networks: tuple[IPv4Network | IPv6Network, ...]


class IngestParams(Section):
    """Limits on what is fetched (see params.yaml)."""

    file_roots: tuple[Path, ...]
    max_bytes: int = Field(ge=1)
    max_pixels: int = Field(ge=1, le=MAX_PIXELS)  # later rooms decode up to MAX_PIXELS
    max_failed_share: float = Field(ge=0, le=1)
    retry_failed: Literal["healable", "all", "none"]
    web: WebParams
