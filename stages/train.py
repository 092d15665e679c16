"""Train one model's head on its cached features."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.learn import examples, head, training
from lesionflow.learn.training import TrainParams

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write heads/<slug>/ and history/<slug>.csv."""
    slug, seed = argument("model"), params.load("seed", int)
    settings = params.load("train", TrainParams)
    labels = examples.labels_in_order(tables.read(OUTPUTS / "classes.parquet", tables.CLASSES))
    split, matrix = examples.join(
        tables.read(OUTPUTS / "split.parquet", tables.SPLIT),
        tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES),
    )
    train, val = (examples.part(split, matrix, name) for name in ("train", "val"))
    fit = training.fit(train, val, labels, settings, seed=seed)
    backbone = files.read_json(OUTPUTS / "backbones" / f"{slug}.json")
    card = {"model": slug, "labels": labels, "width": fit.head.width, **settings.model_dump(), "seed": seed}
    card |= {"best_epoch": fit.best_epoch, "epochs": len(fit.history)}
    card |= {"timm": backbone["timm"], "weights_sha256": backbone["weights_sha256"]}
    head.save(fit.head, OUTPUTS / "heads" / slug, card)
    files.write_text(fit.history.to_csv(index=False), REPORTS / "history" / f"{slug}.csv")


if __name__ == "__main__":
    main()
