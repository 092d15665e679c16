"""`python -m lesionflow.sample.generate FOLDER [--small]` writes the synthetic sample as a data folder."""

from pathlib import Path

import click
import pandas as pd
import yaml

from lesionflow.files import atomic
from lesionflow.sample import synthetic
from lesionflow.sample.catalogue import FULL, SMALL

SEED = 2509


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--small", is_flag=True, help="A few classes and photos, for tests.")
def main(folder: Path, *, small: bool) -> None:
    """Write manifests, taxonomy, photos, masks and the truth of what was planted; FOLDER is replaced."""
    size = SMALL if small else FULL
    items = synthetic.compose(size, SEED)
    with atomic(folder) as partial:
        for name in ("photos", "masks", "manifests"):
            (partial / name).mkdir(parents=True)
        for item in items:
            (partial / "photos" / f"{item.name}.jpg").write_bytes(item.photo)
            if item.mask:
                (partial / "masks" / f"{item.name}.png").write_bytes(item.mask)
        for manifest in (synthetic.CLINIC, synthetic.WEB):
            rows = [synthetic.manifest_row(item) for item in items if item.manifest == manifest]
            pd.DataFrame(rows).to_csv(partial / "manifests" / f"{manifest}.csv", index=False)
        pd.DataFrame(map(synthetic.truth_row, items)).to_csv(partial / "truth.csv", index=False)
        text = yaml.safe_dump(synthetic.taxonomy(size), sort_keys=False)
        (partial / "taxonomy.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
