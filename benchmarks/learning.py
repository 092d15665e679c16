"""What learning costs: a recipe's training over one pass of features, the pass over its network alone, and memory.

`python benchmarks/learning.py [--photos N] [--many N]` writes benchmarks/results/learning.json. Photos are generated:
JPEGs of 600 x 450 pixels like milk10k's. Measured are

- `training_over_one_pass`: the pass of one backbone and the study's 20 epochs on its features, over the pass alone
  (a training that runs the backbone in every epoch would cost 20);
- `feature_rate_over_memory_rate`: photos a second of the pass in one view, reading, decoding and preprocessing
  included, over the better of torch (eager, channels last) and ONNX Runtime, each with all processors on one batch of
  the same size, on tensors that lie in memory already; beside it `over_one_by_one`, the same over ONNX Runtime when it
  is given a photo at a time, the rates of the pass in all views and of our engine in memory, and `other_models`, larger
  networks;
- `heads`: six backbones by both recipes of params.yaml by five seeds, on generated features of 27,000 photos and 1,024
  numbers a view, in as many processes as there are processors; a seed is one head, also where a recipe averages more;
- `memory`: the peak of a process that passes over many photos (of few bytes, by a small network whose features are as
  wide as the backbone's, so that only their number counts).
"""

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnxruntime
import torch
from environment import versions
from leakage import load
from PIL import Image
from torch import nn
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from lesionflow import parallel, seeding, tables
from lesionflow.files import write_json
from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones, engines, feature_parts, features, memory, training
from lesionflow.learn.backbones import Backbone, BackboneParams
from lesionflow.learn.engines import Engine
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.preprocessing import Preprocess
from lesionflow.learn.recipes import Recipe
from lesionflow.learn.training import Examples

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/learning.json"
CLASSES, SIZE, SEED = 51, (600, 450), 2509
BACKBONES, SEEDS, ROWS, WIDTH = 6, 5, 27_000, 1_024
ROUNDS, EPOCHS = 5, 20
WARMING = 256
OTHERS, FEWER = ("efficientnet_lite2", "resnet50"), 320
"""Other networks that are timed, on fewer photos."""
LIMIT_MINUTES, LIMIT_GIB = 15, 3


def jpeg(seed: int, size: tuple[int, int] = SIZE) -> bytes:
    """Blurred noise: about as many bytes as a photo of skin."""
    coarse = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def shard(path: Path, contents: list[bytes], count: int) -> list[StoredPhoto]:
    """`count` stored photos that take turns with these contents."""
    starts = np.cumsum([0, *map(len, contents)])
    path.write_bytes(b"".join(contents))
    turns = [place % len(contents) for place in range(count)]
    return [StoredPhoto(f"{place:064x}", path, int(starts[k]), len(contents[k])) for place, k in enumerate(turns)]


def passes(backbone: Backbone, photos: list[StoredPhoto], settings: FeaturesParams) -> dict[str, Any]:
    """Seconds of the pass, and its rate beside those of the network alone; medians of rounds that take turns."""
    example = torch.rand(settings.batch_size, *backbone.data_config["input_size"])
    torchs = engines.build("torch", backbone, batch_size=settings.batch_size, device=torch.device("cpu"))
    peers = {
        "torch": Engine(torchs.of, settings.batch_size),
        "onnx": plain_session(backbone, example),
        "onnx_one_by_one": plain_session(backbone, example[:1]),
    }
    run = features.engine(backbone, settings)
    views = {"pass": settings.views[:1], "pass_in_all_views": settings.views}
    rates: dict[str, list[float]] = {name: [] for name in (*views, *peers, "ours")}
    features.extract(backbone, photos[:WARMING], settings, run=run)
    for _ in range(ROUNDS):
        for name, wanted in views.items():
            started = time.perf_counter()
            features.extract(backbone, photos, settings, wanted, run=run)
            rates[name].append(len(photos) * len(wanted) / (time.perf_counter() - started))
        for name, engine in peers.items():
            rates[name].append(engines.rate(engine, example))
        rates["ours"].append(rate_in_threads(run, example))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    return {
        "photos": len(photos),
        "views": len(settings.views),
        "pass_seconds": round(len(photos) / medians["pass"], 2),
        "photos_a_second": round(medians["pass"], 2),
        "views_a_second": round(medians["pass_in_all_views"], 2),
        "in_memory": {name: round(medians[name], 2) for name in (*peers, "ours")},
        "engine": settings.engine,
        "feature_rate_over_memory_rate": round(medians["pass"] / max(medians["torch"], medians["onnx"]), 4),
        "over_one_by_one": round(medians["pass"] / medians["onnx_one_by_one"], 4),
    }


def plain_session(backbone: Backbone, example: torch.Tensor) -> Engine:
    """ONNX Runtime as it comes, all processors on as many photos as the example's."""
    session = onnxruntime.InferenceSession(
        engines.exported(backbone.pooled, example), providers=["CPUExecutionProvider"]
    )
    return Engine(lambda batch: np.asarray(session.run(None, {"photos": batch.numpy()})[0]), len(example))


def rate_in_threads(run: Engine, example: torch.Tensor) -> float:
    """Tensors a second of our engine, as the pass uses it: a batch a thread, and a few photos of it at once."""
    batches = [example] * (4 * engines.threads())
    started = time.perf_counter()
    for _ in engines.each(run, batches, desc="in memory"):
        pass
    return len(batches) * len(example) / (time.perf_counter() - started)


def by_model(names: tuple[str, ...], photos: list[StoredPhoto]) -> dict[str, Any]:
    """`passes` of other networks, untrained: the weights do not change the work."""
    found = {}
    for name in names:
        untrained = {"source": "random", "licence": "none", "trained_on": "nothing"}
        settings = BackboneParams.model_validate(load(f"models.{name}", dict) | {"weights": untrained})
        backbone = backbones.load(name, settings)
        found[name] = passes(backbone, photos, settled(backbone))
    return found


def settled(backbone: Backbone) -> FeaturesParams:
    """The settings of params.yaml with this machine's faster engine."""
    asked = load("extract_features", FeaturesParams)
    return features.settled(asked, backbone, backbone.describe(), tables.FEATURES.empty())


def generated(rows: int, width: int, seed: int) -> Examples:
    """Features with a weak mean a class."""
    random = np.random.default_rng(seed)
    class_ids = np.arange(rows) % CLASSES
    means = np.random.default_rng(SEED).standard_normal((CLASSES, width)) * 0.1
    return Examples((random.standard_normal((rows, width)) + means[class_ids]).astype(np.float32), class_ids)


def study_seconds(rows: int, width: int) -> float:
    """Seconds of 20 epochs of the study's recipe on 70 % of these rows, none of them saved by early stopping."""
    recipe = load("recipes.study", Recipe).model_copy(update={"max_epochs": EPOCHS, "patience": EPOCHS})
    train, val = generated(rows * 70 // 100, width, 0), generated(max(CLASSES, rows * 15 // 100), width, 1)
    started = time.perf_counter()
    training.fit(train, val, [str(one) for one in range(CLASSES)], recipe, seed=SEED)
    return time.perf_counter() - started


class Heads:
    """Trains heads on generated features, which lie in a folder as cached ones do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self, backbone: int, recipe: str) -> None:
        """Generate the features that a recipe sees of a backbone."""
        width = WIDTH * len(load(f"recipes.{recipe}", Recipe).views)
        for part, share, seed in (("train", 70, backbone), ("val", 15, 100 + backbone)):
            features, class_ids = generated(ROWS * share // 100, width, seed)
            np.save(self.folder / f"{recipe}-{backbone}-{part}.npy", features)
            np.save(self.folder / f"{part}.npy", class_ids)

    def __call__(self, task: tuple[str, int, int]) -> int:
        """Train one of the heads; the number of epochs."""
        recipe, backbone, seed = task
        settings = load(f"recipes.{recipe}", Recipe).model_copy(update={"seeds": 1})
        train, val = (
            Examples(*(np.load(self.folder / f"{name}.npy") for name in (f"{recipe}-{backbone}-{part}", part)))
            for part in ("train", "val")
        )
        return len(training.fit(train, val, [str(one) for one in range(CLASSES)], settings, seed=seed).history)


def heads(backbones_: int) -> dict[str, Any]:
    """Minutes of all heads, their features being read from disk."""
    tasks = [(recipe, k, seed) for k in range(backbones_) for recipe in ("tuned", "study") for seed in range(SEEDS)]
    with tempfile.TemporaryDirectory() as room:
        work = Heads(Path(room))
        for recipe, backbone in sorted({task[:2] for task in tasks}):
            work.prepare(backbone, recipe)
        started = time.perf_counter()
        epochs = list(parallel.map_ordered(work, tasks, desc="heads", unit="head"))
        minutes = (time.perf_counter() - started) / 60
    told = {"backbones": backbones_, "seeds": SEEDS, "rows": ROWS, "width_a_view": WIDTH}
    return told | {"heads": len(tasks), "epochs": sum(epochs), "minutes": round(minutes, 2), "limit": LIMIT_MINUTES}


class Small(nn.Module):
    """As wide as a real backbone, and next to no work."""

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Features (B, 1280)."""
        return photos.mean(dim=(2, 3)).repeat(1, 427)[:, :1280]


def many(count: int, folder: Path) -> None:
    """The pass as the stage makes it, over `count` photos in both views."""
    backbone = backbones.load("small", BackboneParams.model_validate(
        {"timm": "test_efficientnet.r160_in1k", "weights": {"source": "random", "licence": "", "trained_on": ""}}
    ))  # fmt: skip
    tiny_pixels = Preprocess(Compose([Resize((8, 8)), ToTensor(), Normalize([0.0] * 3, [1.0] * 3)]))
    tiny = Backbone("small", backbone.settings, Small(), Small(), tiny_pixels, 1280, backbone.data_config)
    settings = load("extract_features", FeaturesParams).model_copy(update={"engine": "torch"})
    photos = {photo.sha256: photo for photo in shard(folder / "many.tar", [jpeg(k, (16, 12)) for k in range(8)], count)}
    path = folder / "features.parquet"
    cached = partial(tables.read_cached, path, tables.FEATURES)
    tables.write_parts(
        feature_parts.in_parts(tiny, photos, lambda ends: cached(between=ends), settings, key="k"),
        path,
        tables.FEATURES,
    )
    # Not ru_maxrss, which starts with that of the process that started this one. The decoding workers hold a few
    # batches, and share the rest.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.split("VmHWM:")[1].split()[0]) / 2**20)


def peak_gib(count: int) -> float:
    """Peak memory of a process of its own that passes over so many photos, in GiB."""
    with tempfile.TemporaryDirectory() as room:
        command = [sys.executable, __file__, "--pass-over", str(count), "--room", room]
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"CI": "1"})
    return round(float(told.stdout.split()[-1]), 3)


@click.command()
@click.option("--photos", default=1500, show_default=True, help="Of the pass that is timed")
@click.option("--many", "count", default=270_000, show_default=True, help="Photos of the pass whose memory is measured")
@click.option("--backbones", "many_backbones", default=BACKBONES, show_default=True, help="Whose heads are timed")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS)
@click.option("--model", default="efficientnet_lite0", show_default=True)
@click.option("--pass-over", hidden=True, type=int)
@click.option("--room", hidden=True, type=click.Path(path_type=Path))
def main(
    photos: int, count: int, many_backbones: int, out: Path, model: str, pass_over: int | None, room: Path | None
) -> None:
    """Generate, measure, write."""
    if pass_over is not None and room is not None:
        many(pass_over, room)
        return
    memory.keep_freed_memory()
    backbone = backbones.load(model, load(f"models.{model}", BackboneParams))
    with tempfile.TemporaryDirectory() as folder:
        contents = [jpeg(seeding.derive(SEED, k)) for k in range(64)]
        stored, settings = shard(Path(folder) / "photos.tar", contents, photos), settled(backbone)
        measured = passes(backbone, stored, settings)
        others = by_model(OTHERS, stored[:FEWER])
    seconds = statistics.median(study_seconds(photos, backbone.width) for _ in range(ROUNDS))
    result = {
        "training_over_one_pass": round(1 + seconds / measured["pass_seconds"], 4),
        "feature_rate_over_memory_rate": measured.pop("feature_rate_over_memory_rate"),
        "model": model,
        "mean_bytes": round(statistics.mean(map(len, contents))),
        **measured,
        "other_models": others,
        "training_seconds": round(seconds, 2),
        "heads": heads(many_backbones),
        "memory": {"photos": count, "views": len(settings.views), "peak_gib": peak_gib(count), "limit": LIMIT_GIB},
        "processors": os.cpu_count(),
        "command": "make benchmark-learning",
        "versions": versions(),
    }
    write_json(result, out)


if __name__ == "__main__":
    main()
