"""The photos that are shown, and their pictures."""

import cv2
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from lesionflow.explain.settings import GalleryParams

SIDE = 288
"""Pixels of the long side."""
OPACITY = 0.5
LIGHT, DARK = (255, 255, 255), (0, 0, 0)


def chosen(predictions: pd.DataFrame, labels: list[str], settings: GalleryParams) -> tuple[pd.DataFrame, list[str]]:
    """The test photos that are shown, and what cannot be shown, in words.

    Of each class the most confident right ones, the most confident wrong ones and the least certain; then the expected
    and the most frequent confusions. Columns kind (right, wrong, uncertain, confused), of (class or pair) and
    probability (of the answer) are added; a photo appears once under a kind.
    """
    test = predictions[predictions["split"] == "test"].copy()
    test["probability"] = [float(max(row)) for row in test["probabilities"]]
    surest = test.sort_values(["probability", "sha256"], ascending=[False, True])
    parts, absent = [], []
    right = surest["predicted"] == surest["label"]
    kinds = (("right", surest[right], settings.right), ("wrong", surest[~right], settings.wrong))
    for kind, rows, count in (*kinds, ("uncertain", surest.iloc[::-1], settings.uncertain)):
        for label in labels:
            some = rows[rows["label"] == label].head(count)
            parts.append(some.assign(kind=kind, of=label))
            if count and some.empty:
                absent.append(_absent(kind, label))
    for first, second in _pairs(test, labels, settings):
        rows = surest[(surest["label"] == first) & (surest["predicted"] == second)].head(settings.of_each)
        parts.append(rows.assign(kind="confused", of=f"{first} > {second}"))
    return pd.concat(parts, ignore_index=True), absent


def _absent(kind: str, label: str) -> str:
    said = {"right": "is predicted right", "wrong": "is predicted wrong", "uncertain": "there is"}
    return f"No test photo of {label} {said[kind]}."


def _pairs(test: pd.DataFrame, labels: list[str], settings: GalleryParams) -> list[tuple[str, str]]:
    """Truth and answer of the confusions that are shown: the expected ones, both ways, then the most frequent."""
    expected = [pair for one, other in settings.expected for pair in ((one, other), (other, one))]
    wrong = test[test["predicted"] != test["label"]]
    counts = wrong.groupby(["label", "predicted"]).size().reset_index(name="photos")
    ordered = counts.sort_values(["photos", "label", "predicted"], ascending=[False, True, True])
    frequent = list(zip(ordered["label"], ordered["predicted"], strict=True))[: settings.confusions]
    return list(dict.fromkeys([*(pair for pair in expected if set(pair) <= set(labels)), *frequent]))


def probes(predictions: pd.DataFrame, count: int) -> list[str]:
    """Some validation photos, in the order of their hash, on which layer and method are chosen."""
    val = predictions.loc[predictions["split"] == "val", "sha256"]
    return sorted(val)[:count]


def seen(picture: Image.Image, input_size: int, crop_share: float) -> Image.Image:
    """The part of the photo that the network sees: the middle square that preprocessing cuts out."""
    side = round(min(picture.size) * crop_share)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    shown = picture.crop((left, top, left + side, top + side))
    return shown.resize((min(SIDE, input_size), min(SIDE, input_size)), Image.Resampling.LANCZOS)


def overlay(
    photo: Image.Image, heat: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_] | None = None
) -> Image.Image:
    """The photo under its map, in a palette that colour-blind readers can order (magma), with the lesion's outline."""
    scaled = Image.fromarray(heat.astype(np.float32)).resize(photo.size, Image.Resampling.BILINEAR)
    colours = mpl.colormaps["magma"](np.clip(np.asarray(scaled), 0, 1))[..., :3] * 255
    mixed = (1 - OPACITY) * np.asarray(photo, dtype=float) + OPACITY * colours
    drawn = Image.fromarray(mixed.round().astype(np.uint8))
    return drawn if mask is None else outlined(drawn, mask)


def outlined(photo: Image.Image, mask: npt.NDArray[np.bool_]) -> Image.Image:
    """The photo with the outline of a mask (H, W), light on dark, so that it shows on any ground."""
    fitted = cv2.resize(mask.astype(np.uint8), photo.size, interpolation=cv2.INTER_NEAREST)
    edges, _ = cv2.findContours(fitted, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    pixels = np.array(photo)
    for colour, broad in ((DARK, 3), (LIGHT, 1)):
        cv2.drawContours(pixels, edges, -1, colour, broad)
    return Image.fromarray(pixels)
