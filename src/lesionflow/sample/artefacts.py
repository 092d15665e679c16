"""What lies over real photos: hair, rulers, writing, shadows, blur. Drawn alike for all classes: no shortcut."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from lesionflow.sample.skin import HEIGHT, WIDTH, Picture

SHARES = {"hair": 0.25, "ruler": 0.10, "text": 0.08, "shadow": 0.20, "blur": 0.12}
"""Share of photos that carry each."""


def draw(rng: np.random.Generator) -> list[str]:
    """The artefacts of one photo."""
    return [name for name, share in SHARES.items() if rng.random() < share]


def apply(rng: np.random.Generator, picture: Picture, names: list[str]) -> Picture:
    """The picture with these artefacts on it, in a fixed order."""
    for name in SHARES:
        if name in names:
            picture = PAINTERS[name](rng, picture)
    return picture


def _over(picture: Picture, canvas: Image.Image, colour: tuple[float, float, float], opacity: float) -> Picture:
    cover = opacity * np.asarray(canvas, dtype=float)[..., None] / 255
    return np.asarray(picture + cover * (np.array(colour) - picture))


def _canvas() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (WIDTH, HEIGHT))
    return canvas, ImageDraw.Draw(canvas)


def _hair(rng: np.random.Generator, picture: Picture) -> Picture:
    canvas, pen = _canvas()
    for _ in range(rng.integers(4, 14)):
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        turn, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.02)
        steps = turn + bend * np.arange(rng.integers(20, 60))
        points = zip(x + 2 * np.cumsum(np.cos(steps)), y + 2 * np.cumsum(np.sin(steps)), strict=True)
        pen.line([(float(a), float(b)) for a, b in points], fill=255, width=1)
    return _over(picture, canvas, (0.12, 0.08, 0.06), 0.8)


def _ruler(rng: np.random.Generator, picture: Picture) -> Picture:
    canvas, pen = _canvas()
    base = int(rng.integers(HEIGHT - 24, HEIGHT - 12))
    pen.rectangle((0, base, WIDTH, HEIGHT), fill=235)
    ruled = _over(picture, canvas, (0.93, 0.93, 0.88), 1)
    canvas, pen = _canvas()
    for tick, x in enumerate(range(4, WIDTH, 7)):
        pen.line((x, base, x, base + (10 if tick % 5 == 0 else 5)), fill=255)
    return _over(ruled, canvas, (0.1, 0.1, 0.1), 0.9)


def _text(rng: np.random.Generator, picture: Picture) -> Picture:
    canvas, pen = _canvas()
    letters = "".join(chr(code) for code in rng.integers(65, 91, 8))
    pen.text((float(rng.uniform(4, WIDTH - 80)), float(rng.choice([4, HEIGHT - 16]))), letters, fill=255)
    return _over(picture, canvas, (0.1, 0.1, 0.45), 0.85)


def _shadow(rng: np.random.Generator, picture: Picture) -> Picture:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    turn = rng.uniform(0, 2 * np.pi)
    along = (x / WIDTH - 0.5) * np.cos(turn) + (y / HEIGHT - 0.5) * np.sin(turn)
    return np.asarray(picture * (1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-12 * along)))[..., None])


def _blur(rng: np.random.Generator, picture: Picture) -> Picture:
    sigma = rng.uniform(0.6, 1.1)
    return np.asarray(ndimage.gaussian_filter(picture, (sigma, sigma, 0)))


PAINTERS = {"hair": _hair, "ruler": _ruler, "text": _text, "shadow": _shadow, "blur": _blur}
