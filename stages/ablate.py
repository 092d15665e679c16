"""Train and predict one cell of the ablation: a strategy on a share of the training photos, with one seed."""

from pathlib import Path

import numpy as np

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import ablation, predictions
from lesionflow.learn import ablating, ablation_network, memory
from lesionflow.learn.ablation_network import NetworkParams
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.finetune_settings import FinetuneParams, How
from lesionflow.learn.recipes import Recipe

OUTPUTS, FOLDER = Path("outputs"), Path("outputs/ablation")


@command
def main() -> None:
    """Write ablation/cells/<name>/ with predictions.parquet, history.csv and training.json."""
    cell = ablation.parse(argument("cell"))
    network, name = params.load("ablation.network", NetworkParams), params.load("ablation.recipe", str)
    settings, how = params.load("ablation.training", FinetuneParams), params.load(f"ablation.how.{cell.strategy}", How)
    memory.keep_freed_memory()
    backbone = ablation_network.load(network, params.load(f"models.{network.model}", BackboneParams))
    classes, split = (tables.read(OUTPUTS / f"{one.name}.parquet", one) for one in (tables.CLASSES, tables.SPLIT))
    labels, arrays = tables.labels_in_order(classes), (np.load(FOLDER / one, "r") for one in ablating.ARRAYS)
    run = ablating.Run(backbone, params.load(f"recipes.{name}", Recipe), settings, Path(".cache/ablation"))
    made = run.cell(ablating.Data(split, labels, *arrays), cell.strategy, how, share=cell.share / 100, seed=cell.seed)
    table = predictions.table(made.rows, made.probabilities, labels, model=cell.name)
    with files.atomic(FOLDER / "cells" / cell.name) as partial:
        tables.write(table, partial / "predictions.parquet", tables.PREDICTIONS)
        files.write_text(made.history.to_csv(index=False), partial / "history.csv")
        files.write_json(made.told, partial / "training.json")


if __name__ == "__main__":
    main()
