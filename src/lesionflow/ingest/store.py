"""Image shards: plain tar files in WebDataset layout, cut per manifest and sorted by content hash.

The same manifest and bytes give the same shard: headers carry no time, owner or order of arrival.
"""

import io
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lesionflow.files import atomic

SHARD_BYTES = 256_000_000
"""A shard is closed once it holds this many bytes of photos."""


@dataclass(frozen=True)
class Stored:
    """One photo to store, by content hash, and its mask if there is one; the bytes wait in files."""

    sha256: str
    extension: str
    photo: Path
    mask: Path | None = None


@dataclass(frozen=True)
class Place:
    """Where a photo and its mask lie: shard name, offsets and lengths in bytes."""

    shard: str
    offset: int
    length: int
    mask_offset: int | None = None
    mask_length: int | None = None


def write_shards(manifest: str, photos: Iterable[Stored], folder: Path) -> dict[str, Place]:
    """Write <manifest>-00000.tar and so on into `folder`; return each photo's place by content hash."""
    places: dict[str, Place] = {}
    for number, part in enumerate(_cut(sorted(photos, key=lambda photo: photo.sha256))):
        name = f"{manifest}-{number:05d}.tar"
        with atomic(folder / name) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as shard:
            for photo in part:
                places[photo.sha256] = _add(shard, name, photo)
    return places


def remove_others(folder: Path, kept: set[str]) -> None:
    """Remove all but the named shards: those of manifests that are gone, and what a killed run left half-written."""
    for path in folder.iterdir():
        if path.name not in kept:
            _remove(path)


@contextmanager
def waiting_room(shards: Path) -> Iterator[Path]:
    """A folder beside the shards for bytes that wait to be sorted; what a killed run left there is cleared away."""
    room = shards.parent / f".{shards.name}.waiting"
    _remove(room)
    room.mkdir(parents=True)
    try:
        yield room
    finally:
        _remove(room)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _cut(photos: list[Stored]) -> Iterator[list[Stored]]:
    part: list[Stored] = []
    size = 0
    for photo in photos:
        part.append(photo)
        size += photo.photo.stat().st_size
        if size >= SHARD_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _add(shard: tarfile.TarFile, name: str, photo: Stored) -> Place:
    offset, length = _entry(shard, f"{photo.sha256}.{photo.extension}", photo.photo.read_bytes())
    if photo.mask is None:
        return Place(name, offset, length)
    return Place(name, offset, length, *_entry(shard, f"{photo.sha256}.mask.png", photo.mask.read_bytes()))


def _entry(shard: tarfile.TarFile, name: str, content: bytes) -> tuple[int, int]:
    """Append one file; return where its bytes start and how many there are."""
    header = tarfile.TarInfo(name)  # time, owner and mode have fixed defaults
    header.size = len(content)
    start = shard.offset + tarfile.BLOCKSIZE
    shard.addfile(header, io.BytesIO(content))
    return start, len(content)
