"""Render README's tables from benchmarks/results/*.json, between <!-- table: name --> and <!-- end: name -->.

`python benchmarks/readme.py` rewrites README.md; with `--check` it only tells whether it would, by its exit code.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rendering import data, explained, learned

from lesionflow import files
from lesionflow.errors import LesionflowError, command

README, RESULTS = Path("README.md"), Path("benchmarks/results")
MARKER = re.compile(r"<!-- (table|end): ([\w-]+) -->")


TABLES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "update": data.update_cost,
    "milk10k": learned.milk10k,
    "ingest": data.ingest,
    "leakage": data.leakage,
    "curation": data.curation,
    "curation_tuning": data.curation_tuning,
    "curation_scale": data.curation_scale,
    "learning": learned.learning,
    "phone_photos": learned.phone_photos,
    "learning_milk10k": learned.learning_milk10k,
    "external_pad": learned.external_pad,
    "ablation": learned.ablation,
    "explain": explained.explain,
}


def rendered(readme: str, results: Path) -> str:
    """The README with each table rendered anew from <results>/<name>.json.

    Raises
    ------
    LesionflowError : no marker, a marker without its partner, an unknown table, or results that are missing or
        incomplete.
    """
    parts, here = [], 0
    markers = list(MARKER.finditer(readme))
    _check_pairs(markers)
    for start, end in zip(markers[::2], markers[1::2], strict=True):
        parts += [readme[here : start.end()], f"\n{_table(start[2], results)}\n"]
        here = end.start()
    return "".join([*parts, readme[here:]])


def _check_pairs(markers: list[re.Match[str]]) -> None:
    expected = [(kind, start[2]) for start in markers[::2] for kind in ("table", "end")]
    found = [(marker[1], marker[2]) for marker in markers]
    if found != expected or not found:
        raise LesionflowError(
            "README.md: markers of tables",
            got=", ".join(marker[0] for marker in markers) or "none",
            expected="pairs of <!-- table: name --> and <!-- end: name -->",
            remedy="Mend the markers in README.md.",
        )


TARGETS = {"external_pad": "external"}
"""Of make, where they are not called as the table."""


def _table(name: str, results: Path) -> str:
    if name not in TABLES:
        raise LesionflowError(f"README.md: table {name!r}", expected=f"one of {', '.join(TABLES)}")
    path = results / f"{name}.json"
    remedy = f"Run `make benchmark-{TARGETS.get(name, name.replace('_', '-'))}`."
    try:
        return TABLES[name](files.read_json(path))
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such file", remedy=remedy) from None
    except json.JSONDecodeError as error:
        raise LesionflowError(f"{path}: not JSON", got=str(error), remedy=remedy) from None
    except KeyError as error:
        raise LesionflowError(f"{path}: no {error}", remedy=remedy) from None


def update(readme: Path, results: Path, *, check: bool) -> None:
    """Write the tables into `readme`; with `check`, only refuse a README that differs.

    Raises
    ------
    LesionflowError : see `rendered`; no README; or, with `check`, tables that are not those of the results.
    """
    try:
        before = readme.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LesionflowError(f"{readme}: no such file", remedy="Run from the project's folder.") from None
    after = rendered(before, results)
    if check and after != before:
        raise LesionflowError(
            f"{readme}: its tables differ from {results}", remedy="Run `make readme` and commit README.md."
        )
    if after != before:
        files.write_text(after, readme)


@command
def main() -> None:
    """Rewrite or check README.md."""
    options = sys.argv[1:]
    if set(options) - {"--check"}:
        raise LesionflowError("benchmarks/readme.py", got=" ".join(options), expected="nothing, or --check")
    update(README, RESULTS, check="--check" in options)


if __name__ == "__main__":
    main()
