"""Image shards: plain tar files in WebDataset layout, cut per manifest and sorted by content hash.

The same manifest and bytes give the same shard: headers carry no time, owner or order of arrival.
"""

import hashlib
import io
import tarfile
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lesionflow import images
from lesionflow.errors import LesionflowError

SHARD_BYTES = 256_000_000
"""A shard is closed once it is this large."""


class Content(NamedTuple):
    """Bytes by their hash, and where they lie now: file, offset and length in bytes."""

    sha256: str
    file: str
    offset: int
    length: int

    def read(self) -> bytes:
        """The bytes.

        Raises
        ------
        LesionflowError : what lies there has another hash.
        """
        content = images.read_span(Path(self.file), int(self.offset), int(self.length))
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise LesionflowError(
                f"{self.file}: damaged",
                got=f"other bytes at {self.offset}",
                expected=f"the photo {self.sha256}",
                remedy="Remove outputs/shards and outputs/ingested.parquet, and run `dvc repro ingest`.",
            )
        return content


class Stored(NamedTuple):
    """One photo to store, with its format and its masks; copies of a photo may come with several."""

    photo: Content
    format: str
    masks: Sequence[Content] = ()


class Places(NamedTuple):
    """Where photos lie (sha256, shard, offset, length) and their masks (sha256, mask_sha256, mask_offset, mask_length).

    Offsets and lengths are in bytes; a mask lies in its photo's shard.
    """

    photos: pd.DataFrame
    masks: pd.DataFrame


PHOTO_TYPES = {"sha256": "str", "shard": "str", "offset": "Int64", "length": "Int64"}
MASK_TYPES = {"sha256": "str", "mask_sha256": "str", "mask_offset": "Int64", "mask_length": "Int64"}
PHOTO_PLACE, MASK_PLACE = list(PHOTO_TYPES), list(MASK_TYPES)


def write_shards(manifest: str, photos: Iterable[Stored], folder: Path) -> Places:
    """Write <manifest>-00000.tar and so on into `folder`; return the places.

    Parameters
    ----------
    photos : in the order of their hashes.
    """
    # Arrays, not tuples: a manifest may have millions of photos.
    sha256s, shards = [], []
    places = array("q")
    masks: list[tuple[str, str, int, int]] = []
    waiting = iter(photos)
    for number, first in enumerate(waiting):
        name = f"{manifest}-{number:05d}.tar"
        with tarfile.open(folder / name, "w", format=tarfile.USTAR_FORMAT) as shard:
            for stored in chain([first], waiting):
                sha256 = stored.photo.sha256
                sha256s.append(sha256)
                shards.append(name)
                places.extend(_entry(shard, f"{sha256}.{stored.format}", stored.photo))
                masks += [
                    (sha256, mask.sha256, *_entry(shard, _mask_name(sha256, mask), mask)) for mask in stored.masks
                ]
                if shard.offset >= SHARD_BYTES:
                    break
    columns = (sha256s, shards, places[0::2], places[1::2])
    lying = pd.DataFrame(dict(zip(PHOTO_PLACE, columns, strict=True)))
    return Places(lying.astype(PHOTO_TYPES), pd.DataFrame(masks, columns=MASK_PLACE).astype(MASK_TYPES))


def _mask_name(photo: str, mask: Content) -> str:
    # WebDataset takes what stands before the first dot as the sample's key.
    return f"{photo}.{mask.sha256[:16]}.mask.png"


def _entry(shard: tarfile.TarFile, name: str, content: Content) -> tuple[int, int]:
    """Append one file; return where its bytes start and how many there are."""
    header = tarfile.TarInfo(name)  # time, owner and mode have fixed defaults
    header.size = content.length
    start = shard.offset + tarfile.BLOCKSIZE
    shard.addfile(header, io.BytesIO(content.read()))
    shard.members = []  # type: ignore[attr-defined] # only reading needs them, and they would fill the memory
    return start, content.length


def manifest_of(shard: str) -> str:
    """The manifest whose photos a shard holds.

    >>> manifest_of("clinic-north-00012.tar")
    'clinic-north'
    """
    return shard.rsplit("-", 1)[0]
