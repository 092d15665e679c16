"""What an import did, as people read it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lesionflow.ingest.converting import Converted, shared

LISTED = 30  # labels, and other counts, that are told one by one


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    converted: Converted
    labels: Counter[tuple[str, str]]  # rows by (published, canonical) label
    own_classes: tuple[str, ...]  # added to the taxonomy though no mapping lists them
    outside: Path | None  # the folder of photos that lie outside the data folder
    absent: int  # local photos that are not there
    changed: tuple[Path, ...]  # files written


def told(done: Imported, out: Path) -> str:
    """The import in lines for the terminal: what is in, what is out and why, and what to do next."""
    return "\n".join([*_counts(done, out), *_files(done), *_warnings(done), "Next: dvc add data && dvc repro"])


def _counts(done: Imported, out: Path) -> Iterator[str]:
    converted = done.converted
    yield f"{out}: {len(converted.rows)} rows, of {converted.published} published"
    if converted.left_out:
        yield f"left out: {converted.left_out.total()}"
        yield from _listed(converted.left_out)
    if converted.flags:
        yield "flags of rows that are in:"
        yield from _listed(converted.flags)
    yield f"labels: {len(done.labels)}, in {len({label for _, label in done.labels})} classes"
    yield from _listed(Counter({f"{raw} -> {label}": count for (raw, label), count in done.labels.items()}))


def _listed(counts: Counter[str]) -> Iterator[str]:
    for what, count in counts.most_common(LISTED):
        yield f"  {count:>6}  {' '.join(what.split())[:200]}"
    if len(counts) > LISTED:
        rest = counts.total() - sum(count for _, count in counts.most_common(LISTED))
        yield f"  {rest:>6}  in {len(counts) - LISTED} more"


def _files(done: Imported) -> Iterator[str]:
    yield from [f"written: {path}" for path in done.changed] or ["nothing changed"]


def _warnings(done: Imported) -> Iterator[str]:
    if done.own_classes:
        named = ", ".join(done.own_classes[:LISTED]) + (", ..." if len(done.own_classes) > LISTED else "")
        yield (
            f"warning: {len(done.own_classes)} labels that no mapping lists became classes of their own; "
            f"look at their `malignant` in the taxonomy: {named}"
        )
    if again := shared(done.converted.rows):
        yield f"note: {again} rows name a photo that another row names too; curation keeps one of each"
    if done.absent:
        yield f"warning: {done.absent} photos are not where the metadata says"
    if done.outside:
        yield (
            f"The photos lie outside the data folder: add {done.outside} to ingest.file_roots in params.yaml. "
            "DVC does not watch them there; a changed photo is noticed by its checksum only when ingest runs anew."
        )
