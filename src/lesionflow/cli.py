"""The command line. Each command imports what it needs when it runs, so that `--help` answers at once."""

from pathlib import Path
from typing import Any

import click

from lesionflow.errors import command

WIDTH = 180
"""Columns of a table that goes into a file or pipe."""


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
@click.option(
    "--freeze/--no-freeze", default=True, help="Keep photos of the last run in their part (see freeze-split)."
)
def import_(
    name: str,
    file: tuple[Path, ...],
    mapping_path: Path | None,
    photos: str,
    out: Path | None,
    taxonomy_path: Path | None,
    replace: bool,
    freeze: bool,
) -> None:
    """Write a manifest from the published metadata FILE... of source NAME.

    NAME is derm7pt, fitzpatrick17k, isic, milk10k, pad_ufes_20 or scin; with --mapping, any name of yours. Several
    files (scin_cases.csv and scin_labels.csv) are joined, in any order.
    """
    from lesionflow.curate import freezing
    from lesionflow.ingest import imported, importing

    out = out or importing.default_out(name)
    taxonomy_path = taxonomy_path or out.parent.parent / "taxonomy.yaml"
    split = freezing.of_grown_data(out.parent) if freeze else None
    done = importing.import_metadata(
        name, file, out, taxonomy_path, mapping_path=mapping_path, photos=photos, replace=replace
    )
    if split is not None and done.changed:
        click.echo(freezing.freeze(split, out.parent))
    click.echo(imported.told(done, out))


@commands.command("freeze-split")
@click.option("--rev", help="Git revision whose split is frozen  [default: outputs/ as it is]")
@click.option("--manifests", type=click.Path(path_type=Path), default=Path("data/manifests"), show_default=True)
def freeze_split(rev: str | None, manifests: Path) -> None:
    """Keep each photo in its part of train, val and test when data is added.

    Writes frozen/split.csv beside the manifests. `lesionflow import` does it by itself; call it before you add a
    manifest of your own, or afterwards with --rev HEAD.
    """
    from lesionflow.curate import freezing

    split = freezing.of_last_run() if rev is None else freezing.of_revision(rev)
    click.echo(freezing.freeze(split, manifests))
    click.echo("Next: dvc add data && dvc repro")


@commands.command("evaluate-external")
@click.option(
    "--manifest", type=click.Path(path_type=Path), required=True, help="CSV as in data/manifests, of photos elsewhere."
)
@click.option("--photos", type=click.Path(path_type=Path), help="Folder from which relative paths of photos start.")
@click.option("--models", multiple=True, help="Classifier of the run, as on the leaderboard; repeat it  [default: all]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports/external"), show_default=True)
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path(".cache/external"), show_default=True,
    help="Where photos, fingerprints and features are kept for the next time.",
)  # fmt: skip
def evaluate_external(manifest: Path, photos: Path | None, models: tuple[str, ...], out: Path, cache: Path) -> None:
    """Evaluate the run's classifiers on photos from elsewhere.

    Labels are mapped by data/taxonomy.yaml; photos that copy one of the run, or whose label it has not learned, are
    counted and left out. Prints the drop against the run's own test photos and what is recovered of it without labels,
    and writes it to OUT. `external` in params.yaml does the same in the pipeline.
    """
    from lesionflow.external import commanded

    click.echo(commanded.run(manifest, photos, models, out=out, cache=cache), nl=False)


@commands.command()
@click.option("--rev", "revisions", multiple=True, help="Git revision; repeat it  [default: the working folder]")
def sync(revisions: tuple[str, ...]) -> None:
    """Import the runs that DVC holds into MLflow, into the store that MLFLOW_TRACKING_URI names.

    For results that came out of DVC's cache or from `dvc pull`, a store that could not be reached, or a new one. What
    is there already is never logged twice.
    """
    from lesionflow.lineage import synced

    for revision in revisions or (None,):
        for line in synced.sync(revision):
            click.echo(line)


@commands.command()
@click.option("--dry-run", is_flag=True, help="Print the decision table and leave the registry as it is.")
def promote(dry_run: bool) -> None:
    """Let the best classifier of this run meet the champion, and take its place if every rule holds.

    Rules are `promote` in params.yaml. Writes reports/promotion.json. The winner is models:/lesionflow@champion of
    MLflow's registry; a candidate that falls short becomes its challenger, with the reasons.
    """
    from lesionflow.lineage import promoted

    click.echo(promoted.promote(dry_run=dry_run))


@commands.command()
@click.argument("photos", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--model", help="Classifier of the run, as on the leaderboard  [default: the best on validation]")
@click.option(
    "--cam", type=click.Path(path_type=Path), help="Picture to write: what of the photo spoke for the answer."
)
@click.option("--age", type=click.FloatRange(0, 130), help="Years; as the following, of the one whom all PHOTOS show.")
@click.option("--sex", help="As in the manifests, like the following; what is not told counts as missing.")
@click.option("--body-site")
@click.option("--skin-type", type=click.IntRange(1, 6), help="Fitzpatrick's")
def predict(photos: tuple[Path, ...], model: str | None, cam: Path | None, **told: Any) -> None:
    """Label PHOTOS... with a classifier of this run: calibrated probabilities, or no answer where it is not sure.

    For research only, no medical device.
    """
    from lesionflow.lineage import predicted

    known = {name: value for name, value in told.items() if value is not None}
    click.echo(predicted.predict(photos, model, cam, known))


@commands.command()
def status() -> None:
    """Show the run in outputs/ and reports/: what became of the photos, and the leaderboard.

    What is not made yet is named, with the stage that makes it. Whether the results are up to date is for `dvc status`
    to say.
    """
    from rich.console import Console

    from lesionflow import params
    from lesionflow.params import Joined
    from lesionflow.report import inputs, leaderboard, notices, reading
    from lesionflow.report import status as shown

    outputs, reports = Path("outputs"), Path("reports")
    confidence = params.load("evaluate.confidence", float)
    slugs = params.classifiers(params.load("active", list[str]), params.load("active_recipes", list[str]))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(shown.of_photos(inputs.ledger(outputs, reports)))
    run = inputs.read(outputs, reports, slugs, params.load("joined", list[Joined]))
    board = leaderboard.build(run.models, run.comparison)
    console.print(shown.of_models(board, notices.of(run), confidence=confidence, width=console.width))
    if (reports / "promotion.json").exists():
        keys = ("candidate", "decision", "applied")
        console.print(shown.of_promotion(reading.json_file(reports / "promotion.json", "track", *keys)))
    console.print(f"Report: {reports / 'index.html'}")


@commands.command("report-update")
@click.option("--base", default="main", show_default=True, help="Git revision that this run is compared with.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports/update.md"), show_default=True)
@click.option("--maps-at", default="", help="Address under which readers get the heat maps.")
def report_update(base: str, out: Path, maps_at: str) -> None:
    """Write what changed in the data since BASE, and in the figures: the report of a pull request."""
    from lesionflow.lineage import updates

    click.echo(updates.report(base, out, maps_at=maps_at), nl=False)


@commands.command("accept-data")
def accept_data() -> None:
    """Take the last run's curated photos as the data that later ones are held to: labels and quality may not drift.

    Writes expectations/accepted.json, for you to commit. On the main branch, CI does it.
    """
    from lesionflow.lineage import accepting

    click.echo(accepting.accept())
