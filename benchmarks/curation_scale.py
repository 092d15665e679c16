"""The search for candidate pairs among generated fingerprints: time, memory and planted pairs found, as photos grow.

`python benchmarks/curation_scale.py` writes benchmarks/results/curation_scale.json. Each size runs in a process of its
own. What is generated follows milk10k and the copies of benchmarks/curation.py (measured with this code): a photo has
272 visual words, whose frequencies are lognormal (deviation 1.325: it gives the rate at which two words of two photos
are the same, and as many distinct words as there are). Of the copies, 54 % have a hash within 8 bits of their
original's and keep a median of 43 % of its words; the others keep a median of 11 %. A hundredth of the photos are
copies, half of them mirrored.
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
WORDS, COPIES = 272, 0.01
SPREAD = 1.325
"""Deviation of the logarithm of the words' frequencies."""
NEAR = 0.54
"""Share of the copies whose hash is near; what follows are evenly spaced quantiles, of these and of the others."""
KEPT = (
    (0.0, 0.14, 0.233, 0.368, 0.434, 0.485, 0.532, 0.58, 0.702),
    (0.019, 0.06, 0.075, 0.09, 0.105, 0.126, 0.152, 0.221, 0.671),
)
"""The share of words that a copy keeps."""
BITS = ((0, 0, 0, 0, 0, 2, 2, 6, 8), (10, 12, 16, 18, 22, 24, 24, 26, 30))
"""The bits in which a copy's hash differs."""
SOME = 10_000
"""Photos whose words are drawn at a time."""


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
    words = _words(rng, photos)
    # Words of the mirrored picture are others: another order of the vocabulary, its own opposite.
    vocabulary = CENTRES**2
    opposite = rng.permutation(vocabulary).reshape(2, -1)
    turned = np.empty(vocabulary, dtype=np.int32)
    turned[opposite[0]], turned[opposite[1]] = opposite[1], opposite[0]
    far = (rng.random(len(planted)) >= NEAR).astype(int)
    kept = rng.random((len(planted), WORDS)) < _drawn(rng, KEPT, far)[:, None]
    flipped = rng.random(len(planted)) < 0.5
    source = words[planted[:, 0]]
    source[flipped] = turned[source[flipped]]
    words[planted[:, 1]] = np.where(kept, source, words[planted[:, 1]])
    lists = Ragged(words.ravel(), np.arange(photos + 1, dtype=np.int64) * WORDS)
    return _hashes(rng, planted, photos, _drawn(rng, BITS, far)), lists, Ragged(turned[words].ravel(), lists.starts)


def _words(rng: np.random.Generator, photos: int) -> npt.NDArray[np.int32]:
    """Photos x WORDS, each word as often as its frequency says."""
    until = np.exp(SPREAD * rng.standard_normal(CENTRES**2)).cumsum()
    until /= until[-1]
    words = np.empty((photos, WORDS), dtype=np.int32)
    for start in range(0, photos, SOME):
        part = words[start : start + SOME]
        part[:] = np.searchsorted(until, rng.random(part.shape))
    return words


def _drawn(
    rng: np.random.Generator, quantiles: tuple[tuple[float, ...], tuple[float, ...]], which: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """A value for each copy, by the quantiles of its kind."""
    places = rng.random(len(which)) * (len(quantiles[0]) - 1)
    values = [np.interp(places, np.arange(len(one)), one) for one in quantiles]
    return np.where(which, values[1], values[0])


def _hashes(
    rng: np.random.Generator, planted: npt.NDArray[np.int64], photos: int, flips: npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Random hashes; a copy's differs from its original's in so many bits, in the place of one random turn of it."""
    bits = rng.integers(0, 2, (photos, 1 + len(TURNS), 64), dtype=np.uint8)
    places = rng.integers(1 + len(TURNS), size=len(planted))
    noise = (rng.random((len(planted), 64)).argsort(axis=1) < np.rint(flips)[:, None]).astype(np.uint8)
    bits[planted[:, 0], places] = bits[planted[:, 1], 0] ^ noise
    packed = np.packbits(bits, axis=2)
    digits = [row.tobytes().hex() for row in packed]
    table = pd.DataFrame({"phash": [text[:16] for text in digits], "phash_turned": [text[16:] for text in digits]})
    thumbnail = np.arange(4096, dtype=np.uint8).tobytes()
    return table.assign(phash_trimmed=table["phash"], thumbnail=[thumbnail] * photos)


if __name__ == "__main__":
    main()
