"""Decode every photo of the split once, and extract the frozen features, for all cells of the ablation."""

from pathlib import Path

import numpy as np

from lesionflow import files, params, tables
from lesionflow.errors import command
from lesionflow.images import stored_photos
from lesionflow.learn import ablation_network, features, memory, pixels
from lesionflow.learn.ablation_network import NetworkParams
from lesionflow.learn.backbones import BackboneParams

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write ablation/pixels.npy and ablation/features.npy, in the order of table split."""
    network = params.load("ablation.network", NetworkParams)
    memory.keep_freed_memory()
    backbone = ablation_network.load(network, params.load(f"models.{network.model}", BackboneParams))
    wanted = list(tables.read(OUTPUTS / "split.parquet", tables.SPLIT)["sha256"])
    stored = stored_photos(tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED), OUTPUTS / "shards")
    photos = features.selected(stored, wanted)
    shape = (len(wanted), 3, backbone.input_size, backbone.input_size)
    with files.atomic(OUTPUTS / "ablation/pixels.npy") as partial:
        seen = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        pixels.fill(seen, list(photos.values()), backbone.preprocess)
        seen.flush()
    found = pixels.features(backbone, seen, batch_size=params.load("extract_features.batch_size", int))
    with files.atomic(OUTPUTS / "ablation/features.npy") as partial:
        np.save(partial, found)


if __name__ == "__main__":
    main()
