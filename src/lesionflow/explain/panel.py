"""The photos that are shown, and their pictures."""

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

SIDE = 288
"""Pixels of the long side."""
OPACITY = 0.5


def chosen(predictions: pd.DataFrame, *, right: int, wrong: int) -> pd.DataFrame:
    """The most confident right and wrong predictions of the test part, with columns kind and probability."""
    test = predictions[predictions["split"] == "test"].copy()
    test["probability"] = [float(max(row)) for row in test["probabilities"]]
    test["kind"] = np.where(test["predicted"] == test["label"], "right", "wrong")
    ordered = test.sort_values(["probability", "sha256"], ascending=[False, True])
    parts = [ordered[ordered["kind"] == kind].head(count) for kind, count in (("right", right), ("wrong", wrong))]
    return pd.concat(parts, ignore_index=True)


def probes(predictions: pd.DataFrame, count: int) -> list[str]:
    """Some validation photos, in the order of their hash, on which the layer is chosen."""
    val = predictions.loc[predictions["split"] == "val", "sha256"]
    return sorted(val)[:count]


def seen(picture: Image.Image, input_size: int, crop_share: float) -> Image.Image:
    """The part of the photo that the network sees: the middle square that preprocessing cuts out."""
    side = round(min(picture.size) * crop_share)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    shown = picture.crop((left, top, left + side, top + side))
    return shown.resize((min(SIDE, input_size), min(SIDE, input_size)), Image.Resampling.LANCZOS)


def overlay(photo: Image.Image, heat: npt.NDArray[np.float32]) -> Image.Image:
    """The photo under its map, in a palette that colour-blind readers can order (magma)."""
    scaled = Image.fromarray(heat.astype(np.float32)).resize(photo.size, Image.Resampling.BILINEAR)
    colours = mpl.colormaps["magma"](np.clip(np.asarray(scaled), 0, 1))[..., :3] * 255
    mixed = (1 - OPACITY) * np.asarray(photo, dtype=float) + OPACITY * colours
    return Image.fromarray(mixed.round().astype(np.uint8))
