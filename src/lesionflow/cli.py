"""The command line. Each command imports what it needs when it runs, so that `--help` answers at once."""

from pathlib import Path

import click

from lesionflow.errors import command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """From a manifest of skin photos to compared, explained and tracked classifiers. The pipeline: `dvc repro`."""


@command
def main() -> None:
    """The program's entrance: errors of the user's making end in one message and exit code 1."""
    commands(prog_name="lesionflow")


@commands.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--mapping", "mapping_path", type=click.Path(path_type=Path), help="YAML that says how to read FILE.")
@click.option("--photos", default="", help="URL or folder from which relative paths of photos start.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Manifest to write  [default: data/manifests/NAME.csv]"
)
@click.option(
    "--taxonomy",
    "taxonomy_path",
    type=click.Path(path_type=Path),
    help="Taxonomy that learns the source's labels  [default: taxonomy.yaml beside the manifest's folder]",
)
@click.option("--replace", is_flag=True, help="Overwrite a manifest of other content.")
def import_(
    name: str,
    file: tuple[Path, ...],
    mapping_path: Path | None,
    photos: str,
    out: Path | None,
    taxonomy_path: Path | None,
    replace: bool,
) -> None:
    """Write a manifest from the published metadata FILE... of source NAME.

    NAME is derm7pt, fitzpatrick17k, isic, milk10k, pad_ufes_20 or scin; with --mapping, any name of yours. Several
    files (scin_cases.csv and scin_labels.csv) are joined, in any order.
    """
    from lesionflow.ingest import imported, importing

    out = out or importing.default_out(name)
    taxonomy_path = taxonomy_path or out.parent.parent / "taxonomy.yaml"
    done = importing.import_metadata(
        name, file, out, taxonomy_path, mapping_path=mapping_path, photos=photos, replace=replace
    )
    click.echo(imported.told(done, out))
