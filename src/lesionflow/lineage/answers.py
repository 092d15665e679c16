"""What a model of the registry says of photos of this run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow import parallel, tables
from lesionflow.images import stored_photos
from lesionflow.learn.predictor import Predictor

AT_ONCE = 256
"""Photos whose bytes are in memory together."""


def to(photos: Sequence[str], model: Path, outputs: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Raw probabilities (classes of the model,) by sha256.

    Parameters
    ----------
    model : folder that `Predictor` reads.
    outputs : the run's; photos, and what is known of the patients, come from there.

    Raises
    ------
    LesionflowError : the model's weights or preprocessing are not to be had here, or a photo is not stored.
    """
    predictor = Predictor(model)
    stored = stored_photos(tables.read(outputs / "ingested.parquet", tables.INGESTED), outputs / "shards")
    told = tables.read(outputs / "traits.parquet", tables.TRAITS).set_index("sha256")
    found: dict[str, npt.NDArray[np.float32]] = {}
    for some in parallel.chunked(list(photos), AT_ONCE):
        rows = told.reindex(list(some)).assign(image=[stored[photo].read() for photo in some])
        found |= dict(zip(some, predictor.raw(pd.DataFrame(rows).reset_index()), strict=True))
    return found
