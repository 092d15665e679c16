"""Features of corrupted test photos: one pass of the backbone, from which every head on it is audited."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from lesionflow import images, parallel
from lesionflow.explain import corruptions
from lesionflow.explain.corruptions import BORDER_ONLY, LESION_COVERED, NONE
from lesionflow.explain.settings import AuditParams
from lesionflow.images import StoredPhoto, UnreadableImageError
from lesionflow.learn import photo_views
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.engines import Engine

SIDE = 384
"""Pixels of the shorter side at which photos are corrupted: all that most networks see of them, at bounded cost."""
MIDDLE = 127
"""Grey level above which a mask says lesion."""
SAME_SHAPE = 0.02
"""By which the aspect of a mask may differ from its photo's: both are rounded to pixels."""


class Photo(NamedTuple):
    """A photo, and its lesion mask where there is one."""

    stored: StoredPhoto
    mask: StoredPhoto | None


class Seen(NamedTuple):
    """One view of a corrupted photo: its pixels (3, H, W), and the share of them under the artefact."""

    corruption: str
    severity: int
    view: str
    area: float
    pixels: Tensor


def table(
    backbone: Backbone,
    photos: Mapping[str, Photo],
    views: Sequence[str],
    settings: AuditParams,
    run: Engine,
    *,
    batch_size: int,
    seed: int,
) -> pd.DataFrame:
    """Table corrupted: each photo as it is, under each corruption and severity, and with parts covered.

    A view that a corruption leaves as it was is not computed again.

    Parameters
    ----------
    run : the engine that the cached features come from, for batches of `batch_size`.
    """
    passing, sides = _Passing(backbone, run, batch_size), box_sides(photos.values())

    def look(item: tuple[str, Photo]) -> list[Seen]:
        changes = pictures(*item, settings.severities, sides, seed=seed)
        return [seen for change in changes for seen in _looks(backbone, views, *change)]

    rows: list[dict[str, Any]] = []
    items = sorted(photos.items())
    looked = parallel.map_ordered(look, items, desc=f"corrupted {backbone.slug}", waits=True)
    for (sha256, _), seen in zip(items, looked, strict=True):
        plain: dict[str, tuple[Tensor, int]] = {}
        for one in seen:
            same = plain.get(one.view)
            unchanged = same is not None and torch.equal(one.pixels, same[0])
            place = same[1] if same is not None and unchanged else passing.add(one.pixels)
            plain.setdefault(one.view, (one.pixels, place))  # the photo as it is comes first
            said = {"corruption": one.corruption, "severity": one.severity, "view": one.view, "area": one.area}
            rows.append({"sha256": sha256, **said, "place": place})
    features, frame = passing.finish(), pd.DataFrame(rows)
    return frame.assign(features=[features[place] for place in frame.pop("place")])


class _Passing:
    """Views on their way through the network, batch by batch; the last one is filled up, as in `learn.features`."""

    def __init__(self, backbone: Backbone, run: Engine, size: int) -> None:
        self.numbers, self.run, self.size = backbone.preprocess.numbers, run, size
        self.waiting: list[Tensor] = []
        self.found: list[Any] = []

    def add(self, pixels: Tensor) -> int:
        """The place that this view's features will have."""
        self.waiting.append(pixels)
        place = len(self.found) + len(self.waiting) - 1
        if len(self.waiting) == self.size:
            self._pass()
        return place

    def finish(self) -> list[Any]:
        """Features of every view added, by place."""
        if self.waiting:
            self._pass()
        return self.found

    def _pass(self) -> None:
        batch = self.numbers(torch.stack(self.waiting))
        filled = torch.cat([batch, batch.new_zeros(self.size - len(batch), *batch.shape[1:])])
        self.found += list(self.run(filled)[: len(batch)])
        self.waiting = []


def _looks(
    backbone: Backbone, views: Sequence[str], name: str, severity: int, picture: Image.Image, cover: Any
) -> list[Seen]:
    pixels = photo_views.tensors(picture, backbone.preprocess.pixels, views)
    areas = _areas(cover, backbone, views)
    return [Seen(name, severity, *one) for one in zip(views, areas, pixels, strict=True)]


def _areas(cover: Any, backbone: Backbone, views: Sequence[str]) -> list[float]:
    if cover is None:
        return [0.0] * len(views)
    shown = Image.fromarray(cover).convert("RGB")
    seen = photo_views.tensors(shown, backbone.preprocess.pixels, views)
    return [float((view[0] > 127).float().mean()) for view in seen]


def box_sides(photos: Iterable[Photo]) -> tuple[float, float] | None:
    """The box that covers nearly every lesion of these photos (see `corruptions`); None where no lesion is known."""
    found = (_shape(photo.mask) for photo in photos if photo.mask is not None)
    return corruptions.box_sides(np.asarray(shape) > MIDDLE for shape in found if shape is not None)


def pictures(
    sha256: str, photo: Photo, severities: Sequence[int], sides: tuple[float, float] | None, *, seed: int
) -> Iterator[tuple[str, int, Image.Image, Any]]:
    """Name, severity, picture and cover of each change of a photo: none first, then the parts, then corruptions."""
    picture = at_size(images.decode(photo.stored.read(), at_least=SIDE))
    yield NONE, 0, picture, None
    yield BORDER_ONLY, 0, corruptions.border_only(picture), None
    covered = None if sides is None else _without_lesion(picture, photo.mask, sides)
    if covered is not None:
        yield LESION_COVERED, 0, covered, None
    for name in corruptions.NAMES:
        for severity in severities:
            yield name, severity, *corruptions.corrupt(picture, name, severity, of=sha256, seed=seed)


def _without_lesion(picture: Image.Image, mask: StoredPhoto | None, sides: tuple[float, float]) -> Image.Image | None:
    """The photo with its lesion covered; None without a usable mask."""
    shape = None if mask is None else _shape(mask)
    if shape is None or abs(shape.width / shape.height - picture.width / picture.height) > SAME_SHAPE:
        return None
    fitted = shape.resize(picture.size, Image.Resampling.NEAREST)
    return corruptions.lesion_covered(picture, np.asarray(fitted) > MIDDLE, sides)


def _shape(mask: StoredPhoto) -> Image.Image | None:
    try:
        return images.decode(mask.read()).convert("L")
    except UnreadableImageError:
        return None


def at_size(picture: Image.Image) -> Image.Image:
    """The picture at no more than `SIDE` pixels on the shorter side."""
    scale = SIDE / min(picture.size)
    if scale >= 1:
        return picture
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2)
