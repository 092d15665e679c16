"""The data card: a datasheet (Gebru et al. 2021, Datasheets for Datasets) that is filled from the run."""

from typing import Any

from huggingface_hub import DatasetCardData

from lesionflow.report import demographics, figures, funnel, grids, licences, markdown, notices, templating
from lesionflow.report.inputs import Data
from lesionflow.report.settings import CardParams

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def render(data: Data, told: CardParams) -> str:
    """The card as Markdown, with the Hugging Face metadata as its YAML header. The same run gives the same text.

    Parameters
    ----------
    told : what only people know; where they say nothing, the card says so.
    """
    used = funnel.sources(data).query("used > 0")
    labels = funnel.kept_labels(data.classes)
    values = {
        "header": _header(data, list(used["licence"])),
        "told": told,
        "photos": len(data.split),
        "groups": data.split["group"].nunique(),
        "labels": labels,
        "synthetic": int(notices.is_synthetic(data).sum()),
        "rows": len(data.manifest),
        "steps": funnel.steps(data),
        "classes": _classes(data),
        "splits": _splits(data),
        "sources": _sources(data),
        "people": [(name, _people(table)) for name, table in demographics.tables(data)],
        "suites": _suites(data),
        "leakage": grids.facts(data.leakage),
        "review": data.review_counts,
    }
    return templating.markdown().get_template("data_card.md").render(**values)


def _header(data: Data, used_licences: list[str]) -> str:
    size = next((name for limit, name in SIZES if len(data.split) < limit), "n>1M")
    found = DatasetCardData(
        pretty_name="Skin photos of this run",
        task_categories=["image-classification"],
        size_categories=[size],
        tags=["medical", "dermatology", "lesionflow"],
        **licences.header(used_licences),  # type: ignore[arg-type]
    )
    return str(found.to_yaml())


def _classes(data: Data) -> str:
    counts = funnel.split_counts(data)
    rows = []
    for row in data.classes.sort_values(["curated", "label"], ascending=[False, True]).to_dict("records"):
        of = counts.loc[row["label"]] if row["label"] in counts.index else dict.fromkeys(counts.columns, 0)
        verdict = "kept" if row["verdict"] == "keep" else f"{row['verdict']}: {figures.words(str(row['reason']))}"
        numbers = [f"{int(row[name]):,}" for name in ("in_manifest", "curated", "groups")]
        parts = [f"{int(of[name]):,}" for name in ("train", "val", "test")]
        malignant = "yes" if row["malignant"] else "no"
        rows.append([figures.words(str(row["label"])), malignant, *numbers, *parts, verdict])
    heads = ["Class", "Malignant", "Rows", "After curation", "Leakage groups", "Train", "Validation", "Test", "Verdict"]
    return markdown.table(heads, rows)


def _splits(data: Data) -> str:
    rows = []
    for name in ("train", "val", "test"):
        part = data.split[data.split["split"] == name]
        rows.append([name, f"{len(part):,}", f"{part['group'].nunique():,}"])
    return markdown.table(["Part", "Photos", "Leakage groups"], rows)


def _sources(data: Data) -> str:
    rows: list[list[str]] = []
    for row in funnel.sources(data).to_dict("records"):
        counts = [f"{int(row[name]):,}" for name in ("rows", "fetched", "used")]
        rows.append([*(str(row[name]) for name in ("source", "licence", "attribution")), *counts])
    return markdown.table(["Source", "Licence", "Attribution", "Rows", "Fetched", "Used"], rows, left=3)


def _people(table: Any) -> str:
    return markdown.table(table.heads, table.rows)


def _suites(data: Data) -> str:
    rows = [
        [suite["table"], f"{suite['rows']:,}", str(len(suite["results"])), str(_held(suite))]
        for suite in data.suites
        if suite["table"] != "predictions"
    ]
    return markdown.table(["Table", "Rows", "Expectations", "Hold"], rows)


def _held(suite: dict[str, Any]) -> int:
    return sum(bool(result["success"]) for result in suite["results"])
