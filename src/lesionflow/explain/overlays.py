"""Things that lie over real photos, drawn in: each gives the photo, and which of its pixels it covers.

All sizes are shares of the shorter side. Of one generator, a higher severity draws the same thing larger, denser or
more opaque. Painters take a picture (H, W, 3) of 0-1 and a severity from 1 to 5.
"""

import string
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
Cover = npt.NDArray[np.bool_]
Rng = np.random.Generator
Canvas = npt.NDArray[np.uint8]
VISIBLE = 0.05
"""Opacity from which a pixel counts as covered."""
INK, DARK, PAPER = (0.29, 0.17, 0.55), (0.08, 0.06, 0.05), (0.95, 0.94, 0.90)
"""Gentian violet of surgical pens; hair and print; rulers and labels."""


def ruler(rng: Rng, picture: Picture, severity: int) -> tuple[Picture, Cover]:
    """A paper ruler along one side of the middle square, 8 to 24 % of the side wide, with ticks."""
    edge, step = int(rng.integers(4)), float(rng.uniform(0.02, 0.035))
    turned = np.rot90(picture, edge).copy()
    height, width = turned.shape[:2]
    side = min(height, width)
    deep = max(3, round(side * (0.04 + 0.04 * severity)))
    end = height - _aside(height, side, 0.45)
    strip = np.zeros((height, width), np.float32)
    strip[end - deep : end] = 1
    ticks = _canvas(turned)
    for number, x in enumerate(np.arange(0.01 * side, width, max(2.0, step * side))):
        long = deep * (0.7 if number % 10 == 0 else 0.5 if number % 5 == 0 else 0.3)
        _line(ticks, [(x, end - deep), (x, end - deep + long)], max(1, side // 200))
    drawn = _over(_over(turned, strip, PAPER), ticks / 255, DARK)
    return np.rot90(drawn, -edge).copy(), np.rot90(strip >= VISIBLE, -edge).copy()


def watermark(rng: Rng, picture: Picture, severity: int) -> tuple[Picture, Cover]:
    """A line of print on a label below or above the middle; label and print grow more opaque."""
    height, width = picture.shape[:2]
    side, low = min(height, width), bool(rng.random() < 0.8)
    text = "".join(rng.choice(list(string.ascii_lowercase), 9)) + ".org"
    deep = max(8, round(side * 0.11))
    away = _aside(height, side, 0.40)
    above = height - away - deep if low else away
    label, canvas = np.zeros((height, width), np.float32), _canvas(picture)
    label[above : above + deep] = 0.5 + 0.1 * severity
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, max(4, round(0.55 * deep)))
    at = (round(_aside(width, side, 0.40) + side * rng.uniform(0, 0.2)), above + round(0.72 * deep))
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(1, side // 250), cv2.LINE_AA)
    letters = (0.5 + 0.1 * severity) * canvas / 255
    return _over(_over(picture, label, PAPER), letters, DARK), (label >= VISIBLE) | (letters >= VISIBLE)


def pen(rng: Rng, picture: Picture, severity: int) -> tuple[Picture, Cover]:
    """A surgeon's violet pen: a broken ring around the middle and an arrow; wider, longer and darker strokes."""
    height, width = picture.shape[:2]
    side, canvas = min(height, width), _canvas(picture)
    centre, radius, start = (width / 2, height / 2), side * rng.uniform(0.36, 0.44), rng.uniform(0, 2 * np.pi)
    broad = max(1, round(side * (0.004 + 0.003 * severity)))
    angles = start + np.linspace(0, 2 * np.pi * (0.15 + 0.15 * severity), 60)
    wobble = radius * (1 + 0.03 * np.sin(5 * angles + rng.uniform(0, 6)))
    ring = np.stack([centre[0] + wobble * np.cos(angles), centre[1] + wobble * np.sin(angles)], axis=1)
    _line(canvas, ring, broad)
    away = np.array([np.cos(start), np.sin(start)])
    tail, head = np.array(centre) + 1.25 * radius * away, np.array(centre) + 0.98 * radius * away
    _line(canvas, [tail, head], broad)
    strokes = (0.55 + 0.08 * severity) * canvas / 255
    return _over(picture, strokes, INK), strokes >= VISIBLE


def hair(rng: Rng, picture: Picture, severity: int) -> tuple[Picture, Cover]:
    """Dark bent hairs anywhere: 6 to 30 of them."""
    height, width = picture.shape[:2]
    side, canvas = min(height, width), _canvas(picture)
    for _ in range(6 * severity):
        start, turn = rng.uniform((0, 0), (width, height)), rng.uniform(0, 2 * np.pi)
        bends = turn + rng.normal(0, 0.02) * np.arange(40)
        step = side * rng.uniform(0.3, 0.9) / 40
        way = start + step * np.cumsum(np.stack([np.cos(bends), np.sin(bends)], axis=1), axis=0)
        _line(canvas, way, max(1, round(side * rng.uniform(0.003, 0.007))))
    hairs = 0.85 * canvas / 255
    return _over(picture, hairs, DARK), hairs >= VISIBLE


def gel(rng: Rng, picture: Picture, severity: int) -> tuple[Picture, Cover]:
    """Bubbles of gel: lighter discs with a dark rim and a highlight, 2 to 10 of them."""
    height, width = picture.shape[:2]
    side, drawn = min(height, width), picture.copy()
    cover = np.zeros((height, width), dtype=bool)
    for _ in range(2 * severity):
        (x, y), radius = rng.uniform((0, 0), (width, height)), side * rng.uniform(0.03, 0.10)
        left, above = (max(0, int(place - 1.5 * radius)) for place in (x, y))
        part = np.s_[above : int(y + 1.5 * radius) + 1, left : int(x + 1.5 * radius) + 1]
        drawn[part], cover[part] = _bubble(drawn[part], cover[part], (x - left) / radius, (y - above) / radius, radius)
    return drawn, cover


def _bubble(part: Picture, cover: Cover, x: float, y: float, radius: float) -> tuple[Picture, Cover]:
    """One bubble on a part of the picture, its middle at (x, y) radii from the part's corner."""
    down, right = np.mgrid[0 : part.shape[0], 0 : part.shape[1]] / radius
    far, glint = np.hypot(right - x, down - y), np.hypot(right - x + 0.35, down - y + 0.35)
    drawn = _over(part, 0.25 * (far < 1), (1, 1, 1))
    drawn = _over(drawn, 0.5 * np.exp(-(((far - 1) / 0.12) ** 2)), DARK)
    return _over(drawn, 0.9 * np.exp(-((glint / 0.18) ** 2)), (1, 1, 1)), cover | (far < 1.15)


def border(rng: Rng, picture: Picture, severity: int) -> tuple[Picture, Cover]:
    """An even frame, white or black, of 3 to 15 % of the side."""
    broad = max(1, round(min(picture.shape[:2]) * 0.03 * severity))
    cover = np.ones(picture.shape[:2], dtype=bool)
    cover[broad:-broad, broad:-broad] = False
    drawn = picture.copy()
    drawn[cover] = 1.0 if rng.random() < 0.5 else 0.0
    return drawn, cover


def vignette(rng: Rng, picture: Picture, severity: int) -> tuple[Picture, Cover]:
    """The dark round rim of a dermatoscope, which leaves a disc of 1.3 down to 0.9 of the side; covered where dark."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shift = rng.normal(0, 0.02, 2) * min(height, width)
    far = np.hypot(x - width / 2 - shift[0], y - height / 2 - shift[1]) / min(height, width)
    dark = 1 / (1 + np.exp(-(far - (0.70 - 0.05 * severity)) / 0.015))
    return _over(picture, dark.astype(np.float32), (0.02, 0.02, 0.02)), dark > 0.1


def _aside(length: int, side: int, share: float) -> int:
    """Pixels from an edge to `share` of the side from the middle: networks see 0.44 of it and more, each way."""
    return max(0, round(length / 2 - share * side))


def _canvas(picture: Picture) -> Canvas:
    """Opacity of 0-255, since OpenCV draws smooth edges on bytes only."""
    return np.zeros(picture.shape[:2], dtype=np.uint8)


def _line(canvas: Canvas, points: Any, broad: int) -> None:
    """A line through points (x, y), its edges smooth."""
    places = np.round(np.asarray(points) * 8).astype(np.int32)[:, None]  # in eighths of a pixel
    cv2.polylines(canvas, [places], False, 255, broad, cv2.LINE_AA, 3)


def _over(picture: Picture, opacity: npt.NDArray[np.floating], colour: tuple[float, float, float]) -> Picture:
    cover = np.clip(opacity, 0, 1)[..., None].astype(np.float32)
    return np.asarray(picture + cover * (np.array(colour, dtype=np.float32) - picture), dtype=np.float32)
