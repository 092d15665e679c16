"""What decoding at reduced scale spares the pass over photos of a phone, and what it changes.

`python benchmarks/phone_photos.py` writes benchmarks/results/phone_photos.json: photos a second of the pass as it is,
and with every photo decoded in full, in turns, and how alike the features of both are. Photos are generated: JPEGs of
12 megapixels, blurred noise with grain.
"""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
from environment import versions
from leakage import load
from learning import ROUNDS, SEED, settled, shard
from PIL import Image

from lesionflow import seeding
from lesionflow.files import write_json
from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones, engines, features, memory
from lesionflow.learn.backbones import Backbone, BackboneParams

RESULTS = Path(__file__).parents[1] / "benchmarks/results/phone_photos.json"
SIZE, GRAIN, DIFFERENT = (4032, 3024), 6, 16


def phone_jpeg(seed: int) -> bytes:
    """About as many bytes as a phone writes: grain of `GRAIN` levels over blurred noise."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC), dtype=np.float32)
    grain = random.standard_normal(smooth.shape[:2], dtype=np.float32)[..., None] * GRAIN
    stream = io.BytesIO()
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@contextmanager
def in_full(backbone: Backbone) -> Iterator[None]:
    """Photos are decoded at their own scale."""
    least, backbone.preprocess.at_least = backbone.preprocess.at_least, None
    try:
        yield
    finally:
        backbone.preprocess.at_least = least


def measured(backbone: Backbone, photos: list[StoredPhoto]) -> dict[str, Any]:
    """Medians of rounds that take turns, in the views of params.yaml."""
    settings = settled(backbone)
    run = features.engine(backbone, settings)
    rates: dict[str, list[float]] = {"reduced": [], "in_full": []}
    found: dict[str, features.Rows] = {}

    def once(name: str) -> None:
        started = time.perf_counter()
        found[name] = features.extract(backbone, photos, settings, settings.views, run=run)
        rates[name].append(len(photos) / (time.perf_counter() - started))

    for _ in range(ROUNDS):
        once("reduced")
        with in_full(backbone):
            once("in_full")
    medians = {name: statistics.median(values) for name, values in rates.items()}
    alike = [engines.cosine(found["reduced"][:, k], found["in_full"][:, k]) for k in range(len(settings.views))]
    return {
        "photos_a_second": {name: round(value, 2) for name, value in medians.items()},
        "reduced_over_in_full": round(medians["reduced"] / medians["in_full"], 3),
        "lowest_cosine": {view: round(cosine, 5) for view, cosine in zip(settings.views, alike, strict=True)},
    }


@click.command()
@click.option("--photos", default=96, show_default=True)
@click.option("--model", default="efficientnet_lite0", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS)
def main(photos: int, model: str, out: Path) -> None:
    """Generate, measure, write."""
    memory.keep_freed_memory()
    backbone = backbones.load(model, load(f"models.{model}", BackboneParams))
    with tempfile.TemporaryDirectory() as folder:
        contents = [phone_jpeg(seeding.derive(SEED, k)) for k in range(DIFFERENT)]
        found = measured(backbone, shard(Path(folder) / "photos.tar", contents, photos))
    told = {"photos": photos, "size": list(SIZE), "mean_bytes": round(statistics.mean(map(len, contents)))}
    result = told | {"model": model, **found, "processors": os.cpu_count()}
    write_json(result | {"command": "make benchmark-phone-photos", "versions": versions()}, out)


if __name__ == "__main__":
    main()
