"""Extract the frozen features of one model for the photos from elsewhere."""

from pathlib import Path

from lesionflow import params
from lesionflow.errors import argument, command
from lesionflow.external import extracting
from lesionflow.external.settings import FOLDER
from lesionflow.learn import memory
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.features import FeaturesParams

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write external/<name>/features/<slug>.parquet; the argument is <name>/<slug>."""
    name, _, slug = argument("source/model").partition("/")
    memory.keep_freed_memory()
    settings = params.load("extract_features", FeaturesParams)
    backbone = params.load(f"models.{slug}", BackboneParams)
    extracting.extract(FOLDER / name, OUTPUTS, slug, settings, backbone)


if __name__ == "__main__":
    main()
