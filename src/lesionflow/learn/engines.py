"""Who computes the features on a CPU: torch (eager, channels last) or ONNX Runtime, whichever is faster here.

A batch is passed in one thread, and each processor has its own, which decodes a batch, computes it by a few photos at
once, so that what one layer gives the next stays in the processor's cache, and waits for none.

Their features agree to a cosine of 0.9999 and better, but not to the last bit. So the choice of `engine: auto` must
not change between runs of one machine: what the persisted features were computed with is kept; without any, the
outcome of one probe, which a machine makes once for each network and keeps in its cache folder.
"""

import hashlib
import json
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lesionflow import files, parallel, seeding
from lesionflow.errors import LesionflowError
from lesionflow.learn import determinism
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.determinism import deterministic, one_thread

T = TypeVar("T")
R = TypeVar("R")
Name = Literal["torch", "onnx"]
Rows = npt.NDArray[np.float32]
AT_ONCE: dict[Name, int] = {"torch": 8, "onnx": 2}
"""Photos that a thread of a CPU passes at once; 32 took it 1.1 to 1.8 times as long."""
COSINE = 0.9999
"""Of the features of two engines, at least."""
MARGIN = 1.1
"""ONNX Runtime must be this much faster to be taken: a smaller gain is within the noise of a probe."""
ROUNDS = 3
PROBED, CHECKED = 8, 4
"""Photos of the probe, and photos on which ONNX Runtime is held against torch; large networks are slow."""
OPSET = 18
MOST_DECODERS = 16
"""Threads beside a GPU: more would only hold more batches in memory."""


@dataclass(frozen=True)
class Engine:
    """A network that computes features of photos, exactly `size` at once."""

    of: Callable[[Tensor], Rows]
    size: int

    def __call__(self, photos: Tensor) -> Rows:
        """Photos (B, 3, H, W), on its device or on the CPU, to features (B, width).

        The last ones are filled up with zeros: the kernels, and so the rounding, are chosen by how many there are.
        """
        return np.concatenate([self._filled(some) for some in torch.split(photos, self.size)])

    def _filled(self, some: Tensor) -> Rows:
        missing = self.size - len(some)
        if not missing:
            return self.of(some)
        return self.of(torch.cat([some, some.new_zeros(missing, *some.shape[1:])]))[: len(some)]


def threads() -> int:
    """How many threads take batches: on a CPU as many as there are workers."""
    return parallel.workers() if determinism.device().type == "cpu" else min(parallel.workers(), MOST_DECODERS)


def each(
    work: Callable[[T], R], items: Sequence[T], *, desc: str, unit: str = "image", many: int | None = None
) -> Iterator[R]:
    """Yield `work(item)` in the items' order: each in one thread, `many` (by default `threads()`) side by side."""
    with deterministic(), one_thread():
        yield from parallel.threaded(work, items, threads() if many is None else many, desc=desc, unit=unit)


def build(name: Name, backbone: Backbone, *, batch_size: int, device: torch.device) -> Engine:
    """An engine that takes a batch at once on a GPU, and a few photos on a CPU.

    Raises
    ------
    LesionflowError : ONNX Runtime on a GPU, or a network that it cannot take or computes otherwise.
    """
    size = min(AT_ONCE[name], batch_size) if device.type == "cpu" else batch_size
    if name == "torch":
        return Engine(_torch(backbone.pooled, device), size)
    if device.type != "cpu":
        raise LesionflowError(
            "params.yaml: extract_features.engine",
            got=f"onnx, on {device.type}",
            expected="torch or auto where there is a GPU",
        )
    return _onnx(backbone, size)


def _torch(network: nn.Module, device: torch.device) -> Callable[[Tensor], Rows]:
    moved = network.to(device).to(memory_format=torch.channels_last)

    def run(batch: Tensor) -> Rows:
        photos = batch.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            features: Tensor = moved(photos)
        return np.asarray(features.float().cpu().numpy())

    return run


def _onnx(backbone: Backbone, size: int) -> Engine:
    """The network, exported once, in ONNX Runtime; refused unless its features are torch's."""
    import onnxruntime  # takes a second to import, and the predictor does without

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        content = exported(backbone.pooled, _noise(backbone, size))
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the exporter and the runtime each raise what they like on what they cannot take
        raise _untakable(backbone, f"{type(error).__name__}: {str(error)[:200]}") from None

    def run(batch: Tensor) -> Rows:
        return np.asarray(session.run(None, {"photos": batch.contiguous().numpy()})[0], dtype=np.float32)

    engine, example = Engine(run, size), _noise(backbone, CHECKED)
    lowest = cosine(engine(example), _torch(backbone.pooled, torch.device("cpu"))(example))
    if not lowest >= COSINE:
        raise _untakable(backbone, f"features whose cosine with torch's is {lowest:.6f}")
    return engine


def exported(network: nn.Module, example: Tensor) -> bytes:
    """The network as ONNX, for batches of the example's shape; from input `photos` to output `features`."""
    names: dict[str, Any] = {"input_names": ["photos"], "output_names": ["features"]}
    plain = network.to(memory_format=torch.contiguous_format)
    with tempfile.TemporaryDirectory() as room, warnings.catch_warnings():
        # Traced for one shape, which is right here; and the older exporter, which takes a second instead of twenty.
        warnings.simplefilter("ignore")
        path = Path(room) / "network.onnx"
        torch.onnx.export(plain, (example,), path, opset_version=OPSET, dynamo=False, **names)
        return path.read_bytes()


def _untakable(backbone: Backbone, got: str) -> LesionflowError:
    return LesionflowError(
        f"ONNX Runtime: {backbone.slug}",
        got=got,
        expected="a network that it takes, and torch's features",
        remedy="Set extract_features.engine to torch or auto in params.yaml.",
    )


def _noise(backbone: Backbone, photos: int) -> Tensor:
    generator = torch.Generator().manual_seed(seeding.derive(0, "engines"))
    return torch.randn(photos, *backbone.data_config["input_size"], generator=generator)


def cosine(first: Rows, second: Rows) -> float:
    """The lowest cosine between rows of the same place; rows of zeros have none, NaN."""
    one, two = first.astype(float), second.astype(float)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(((one * two).sum(axis=1) / lengths).min())


def probed(backbone: Backbone, *, batch_size: int) -> Name:
    """The faster engine on this machine's CPU, as measured the first time that this network was asked about here.

    Where the outcome cannot be kept, torch: a probe anew in each run might end otherwise.
    """
    path = _kept(backbone, batch_size)
    try:
        told = files.read_json(path)["engine"]
        if told in ("torch", "onnx"):
            return "onnx" if told == "onnx" else "torch"
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        pass
    with one_thread():
        found, rates = _measured(backbone, batch_size)
    try:
        files.write_json({"engine": found, "photos_a_second": rates}, path)
    except OSError:
        return "torch"
    return found


def _kept(backbone: Backbone, batch_size: int) -> Path:
    """Where this machine keeps the outcome for this network: by what decides its speed."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    shape = [[name, list(tensor.shape)] for name, tensor in backbone.network.state_dict().items()]
    machine = [platform.node(), platform.machine(), os.cpu_count(), torch.__version__]
    config = [backbone.settings.timm, backbone.input_size, backbone.settings.pooling, list(backbone.settings.depths)]
    text = json.dumps([shape, machine, config, batch_size])
    return folder / "lesionflow" / f"engine-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


def _measured(backbone: Backbone, batch_size: int) -> tuple[Name, dict[str, float]]:
    """The faster engine and the rates; torch when ONNX Runtime does not take the network."""
    example, cpu = _noise(backbone, PROBED), torch.device("cpu")
    rates = {"torch": rate(build("torch", backbone, batch_size=batch_size, device=cpu), example)}
    try:
        rates["onnx"] = rate(build("onnx", backbone, batch_size=batch_size, device=cpu), example)
    except LesionflowError:
        return "torch", rates
    return ("onnx" if rates["onnx"] > MARGIN * rates["torch"] else "torch"), rates


def rate(engine: Engine, batch: Tensor) -> float:
    """Photos a second, by the best of some rounds after a first one that warms up."""
    engine(batch)
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        engine(batch)
        seconds.append(time.perf_counter() - started)
    return len(batch) / min(seconds)


def chosen(
    asked: Literal["auto"] | Name,
    backbone: Backbone,
    *,
    batch_size: int,
    device: torch.device,
    used: Callable[[Name], bool],
) -> Name:
    """The engine for `extract_features.engine`; `used` says whether persisted features are of an engine."""
    if asked != "auto":
        return asked
    if device.type != "cpu":
        return "torch"
    names: tuple[Name, ...] = ("torch", "onnx")
    for name in names:
        if used(name):
            return name
    return probed(backbone, batch_size=batch_size)
