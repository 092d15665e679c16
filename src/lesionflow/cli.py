"""The command line. Each command imports what it needs when it runs, so that `--help` answers at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lesionflow.errors import command

if TYPE_CHECKING:
    from lesionflow.ingest.importing import Imported


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """From a manifest of skin photos to compared, explained and tracked classifiers. The pipeline: `dvc repro`."""


@command
def main() -> None:
    """The program's entrance: errors of the user's making end in one message and exit code 1."""
    commands(prog_name="lesionflow")


@commands.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
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
def import_(name: str, file: Path, out: Path | None, taxonomy_path: Path | None, replace: bool) -> None:
    """Write a manifest from the published metadata FILE of source NAME (milk10k, pad_ufes_20)."""
    from lesionflow.ingest import importing

    out = out or Path("data/manifests") / f"{name}.csv"
    taxonomy_path = taxonomy_path or out.parent.parent / "taxonomy.yaml"
    click.echo(_told(importing.import_metadata(name, file, out, taxonomy_path, replace=replace), out))


def _told(done: "Imported", out: Path) -> str:
    left_out = f", {done.left_out} left out by the mapping" if done.left_out else ""
    lines = [f"{out}: {done.rows} rows{left_out}"]
    lines += [f"  {count:>6}  {raw} -> {label}" for (raw, label), count in done.labels.most_common()]
    lines += [f"written: {path}" for path in done.changed] or ["nothing changed"]
    if done.absent:
        lines.append(f"warning: {done.absent} photos are not where the metadata says")
    if done.outside:
        lines.append(
            f"The photos lie outside the data folder: add {done.outside} to ingest.file_roots in params.yaml. "
            "DVC does not watch them there; a changed photo is noticed by its checksum only when ingest runs anew."
        )
    lines.append("Next: dvc add data && dvc repro")
    return "\n".join(lines)
