"""The report of a pull request: what changed in the data, and what it did to the figures, in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesionflow.lineage import decisions
from lesionflow.lineage.changes import BY, Changes, Counts
from lesionflow.report import figures, markdown


def page(
    changes: Changes,
    metrics: Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]],
    *,
    base: str,
    leaderboard: str,
    decision: Mapping[str, Any] | None,
    maps: Sequence[str],
    maps_at: str,
) -> str:
    """The whole report.

    Parameters
    ----------
    metrics : of each classifier, its test metrics at the base and now; None where it is not there.
    base : how the revision that is compared with is called.
    leaderboard : the page reports/leaderboard.md; decision : reports/promotion.json, None where nothing was decided.
    maps : classifiers that have heat maps; maps_at : address under which they can be had, "" for none.
    """
    parts = [f"# Update against `{base}`", "## Data", _data(changes)]
    parts += ["## Figures on the test photos", _metrics(metrics, base, changes)]
    parts += ["## Promotion", "Not decided." if decision is None else decisions.told(decision)]
    parts += [_lower(leaderboard), "## Heat maps", _maps(maps, maps_at)]
    return "\n\n".join(parts) + "\n"


def _data(changes: Changes) -> str:
    rows = f"{changes.before:,} → {changes.after:,} rows: {changes.added:,} added, {changes.removed:,} removed"
    parts = [f"{rows}, {changes.changed:,} changed."]
    for name, head in BY.items():
        if changes.by[name]:
            parts.append(_table(f"{head} (rows)", changes.by[name]))
    parts.append(_table("Photos after curation", changes.splits))
    if changes.left_test:
        parts.append(f"**{changes.left_test:,} photos left the test split.**")
    return "\n\n".join(parts)


def _table(head: str, counts: Sequence[Counts]) -> str:
    rows = [[one.value, f"{one.before:,}", f"{one.after:,}", f"{one.after - one.before:+,}"] for one in counts]
    return markdown.table([head, "Before", "After", "Change"], rows)


def _metrics(
    metrics: Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]], base: str, changes: Changes
) -> str:
    rows = [
        [name, told, *(_interval(one, measure) for measure in figures.HEADLINE)]
        for name, pair in metrics.items()
        for told, one in zip((base, "now"), pair, strict=True)
    ]
    table = markdown.table(["Model", "", *(measure.name for measure in figures.HEADLINE)], rows, left=2)
    test = next((one for one in changes.splits if one.value == "test"), None)
    same = test is not None and test.before == test.after and not changes.left_test
    note = "" if same else " The test photos are not the same, so that these do not compare; promotion compares fairly."
    return f"{table}\n\nIn brackets 95 % intervals, of each by itself.{note}"


def _interval(metrics: Mapping[str, Any] | None, measure: Any) -> str:
    return "-" if metrics is None else figures.interval(metrics["test"][measure.key], share=measure.share)


def _lower(page: str) -> str:
    """A page as a section: its headings one step lower."""
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in page.strip().splitlines())


def _maps(names: Sequence[str], at: str) -> str:
    if not at:
        return "In `outputs/explain` after `dvc pull`."
    folders = ", ".join(names)
    return f"[One archive]({at}) with a folder of each: {folders} (photos of people: to be downloaded, never in git)."
