"""The search for candidate pairs among generated fingerprints: time, memory and planted pairs found, as photos grow.

`python benchmarks/curation_scale.py` writes benchmarks/results/curation_scale.json. Each size runs in a process of its
own. What is generated follows milk10k (measured by hand with this code's codebook): a photo has 240 visual words,
which repeat as if they were drawn evenly from 122,000; a copy keeps a share of them, between 2 and 60 % with a median
of 11 %, and its hash differs by 0 to 32 bits. A hundredth of the photos are copies, half of them mirrored.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import pandas as pd
from environment import versions

from lesionflow import parallel, params
from lesionflow.curate import candidates
from lesionflow.curate.codebook import CENTRES
from lesionflow.curate.hashes import TURNS
from lesionflow.curate.settings import CandidatesParams
from lesionflow.curate.visual_words import Ragged
from lesionflow.files import write_json

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/curation_scale.json"
SIZES = {"small": 27_000, "middle": 270_000, "million": 1_000_000}
SEED = 20250904
WORDS, COPIES = 240, 0.01
USED = 122_000
"""Words that are drawn, evenly."""
KEPT = (0.02, 0.03, 0.05, 0.07, 0.11, 0.18, 0.35, 0.60)
"""Quantiles, evenly spaced, of the share of words that a copy keeps."""
BITS = (0, 2, 2, 4, 6, 10, 16, 24, 32)
"""Quantiles, evenly spaced, of the bits in which a copy's hash differs."""


@click.command()
@click.option("--size", type=int, hidden=True, help="One size, in this process.")
def main(size: int | None) -> None:
    """Measure each size, and write the results."""
    if size is not None:
        print(json.dumps(_measure(size)))
        return
    found = {name: _in_a_process(photos) for name, photos in SIZES.items()}
    photos, seconds = (np.log([one[key] for one in found.values()]) for key in ("photos", "seconds"))
    content = {
        **found,
        "exponent": float(np.polyfit(photos, seconds, 1)[0]),
        "same_on_ray": _in_a_process(SIZES["small"], LESIONFLOW_BACKEND="ray")["digest"] == found["small"]["digest"],
        "seed": SEED,
        "command": "make benchmark-curation-scale",
        "versions": versions(),
    }
    write_json(content, RESULTS)


def _in_a_process(photos: int, **environment: str) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__)), "--size", str(photos)]
    variables = os.environ | {"LESIONFLOW_WORKERS": "2"} | environment
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _measure(photos: int) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    planted = _planted(rng, photos)
    hashes, words, mirrored = _generated(rng, photos, planted)
    settings = params.load("curate.candidates", CandidatesParams, ROOT / "params.yaml")
    started = time.perf_counter()
    parts = [candidates.hash_pairs(hashes, settings), candidates.word_pairs(words, mirrored, settings)]
    pairs = candidates.ordered(pd.concat(parts, ignore_index=True))
    seconds = time.perf_counter() - started
    both = pd.MultiIndex.from_arrays([planted[:, 0], planted[:, 1]])
    by = {
        name: pd.MultiIndex.from_frame(part[["a", "b"]])
        for name, part in (("all", pairs), *pairs.groupby("candidate_by"))
    }
    parallel.rest()  # so that the workers' memory is counted
    peaks = [resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "photos": photos,
        "seconds": seconds,
        "peak_gib": peaks[0] + parallel.workers() * peaks[1],
        "recall": float(both.isin(by["all"]).mean()),
        "recall_by_signal": {str(name): float(both.isin(index).mean()) for name, index in by.items()},
        "pairs": len(pairs),
        "digest": int(pd.util.hash_pandas_object(pairs[["a", "b", "mirrored", "turn"]], index=False).sum()),
    }


def _planted(rng: np.random.Generator, photos: int) -> npt.NDArray[np.int64]:
    """Rows (original, copy): the copies are the last hundredth of the photos, the originals lie among the others."""
    copies = round(photos * COPIES)
    originals = rng.choice(photos - copies, copies, replace=False)
    return np.stack([originals, np.arange(photos - copies, photos)], axis=1)


def _generated(
    rng: np.random.Generator, photos: int, planted: npt.NDArray[np.int64]
) -> tuple[pd.DataFrame, Ragged, Ragged]:
    """Hashes as in table fingerprints, words and mirrored words."""
    vocabulary = CENTRES**2
    used = rng.choice(vocabulary, USED, replace=False).astype(np.int32)
    words = used[rng.integers(USED, size=(photos, WORDS), dtype=np.int32)]
    # Words of the mirrored picture are others: another order of the vocabulary, its own opposite.
    opposite = rng.permutation(vocabulary).reshape(2, -1)
    turned = np.empty(vocabulary, dtype=np.int32)
    turned[opposite[0]], turned[opposite[1]] = opposite[1], opposite[0]
    share = np.interp(rng.random(len(planted)), np.linspace(0, 1, len(KEPT)), KEPT)
    kept = rng.random((len(planted), WORDS)) < share[:, None]
    flipped = rng.random(len(planted)) < 0.5
    source = words[planted[:, 0]]
    source[flipped] = turned[source[flipped]]
    words[planted[:, 1]] = np.where(kept, source, words[planted[:, 1]])
    lists = Ragged(words.ravel(), np.arange(photos + 1, dtype=np.int64) * WORDS)
    return _hashes(rng, photos, planted), lists, Ragged(turned[words].ravel(), lists.starts)


def _hashes(rng: np.random.Generator, photos: int, planted: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Random hashes; a copy's differs from its original's, in the place of one random turn of it."""
    bits = rng.integers(0, 2, (photos, 1 + len(TURNS), 64), dtype=np.uint8)
    flips = np.interp(rng.random(len(planted)), np.linspace(0, 1, len(BITS)), BITS)
    places = rng.integers(1 + len(TURNS), size=len(planted))
    noise = (rng.random((len(planted), 64)).argsort(axis=1) < flips[:, None]).astype(np.uint8)
    bits[planted[:, 0], places] = bits[planted[:, 1], 0] ^ noise
    packed = np.packbits(bits, axis=2)
    digits = [row.tobytes().hex() for row in packed]
    table = pd.DataFrame({"phash": [text[:16] for text in digits], "phash_turned": [text[16:] for text in digits]})
    thumbnail = np.arange(4096, dtype=np.uint8).tobytes()
    return table.assign(phash_trimmed=table["phash"], thumbnail=[thumbnail] * photos)


if __name__ == "__main__":
    main()
