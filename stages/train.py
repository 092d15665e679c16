"""Train one classifier: the head of a recipe on the cached features of a backbone."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.learn import examples, head, head_inputs, training
from lesionflow.learn.recipes import Recipe

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write heads/<name>/, history/<name>.csv and training/<name>.json; the name is <slug>-<recipe>."""
    name, seed = argument("classifier"), params.load("seed", int)
    slug, recipe = params.parts_of(name)
    settings = params.load(f"recipes.{recipe}", Recipe)
    labels = tables.labels_in_order(tables.read(OUTPUTS / "classes.parquet", tables.CLASSES))
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    told = tables.read(OUTPUTS / "traits.parquet", tables.TRAITS)
    seen = head_inputs.of_recipe(settings, told, split)
    features = tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES)
    matrix = examples.join(split, features, seen, told)
    train, val = (examples.part(split, matrix, part) for part in ("train", "val"))
    fit = training.fit(train, val, labels, settings, seed=seed)
    backbone = files.read_json(OUTPUTS / "backbones" / f"{slug}.json")
    card = {"model": name, "labels": labels, "width": fit.head.width, **settings.model_dump(mode="json"), "seed": seed}
    card |= {**seen.card(), **fit.card(), "class_photos": training.class_photos(train, labels)}
    card |= {"timm": backbone["timm"], "weights_sha256": backbone["weights_sha256"]}
    head.save(fit.head, OUTPUTS / "heads" / name, card)
    files.write_text(fit.history.to_csv(index=False), REPORTS / "history" / f"{name}.csv")
    looks = {"views": list(seen.views), "clinical": list(seen.clinical), "trade": settings.trade}
    files.write_json({"model": name, **looks, **fit.card()}, REPORTS / "training" / f"{name}.json")


if __name__ == "__main__":
    main()
