"""The page of one classifier's explanation: verdict, gallery, scores of the maps, and the shortcut audit."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from lesionflow import files
from lesionflow.errors import LesionflowError
from lesionflow.report import figures, severity_plots, templating
from lesionflow.report.drawing import Chart
from lesionflow.report.grids import Grid

PICTURES = ("photo", "overlay", "truth_overlay")
KINDS = {
    "right": ("Most confident right answers", "Of each class."),
    "wrong": ("Most confident mistakes", "Of each class."),
    "uncertain": ("Least certain answers", "Of each class."),
    "confused": ("Confusions", "Those that the study expects, and the most frequent ones of this run."),
}
METHODS = {
    "gradcam": "Grad-CAM", "gradcamplusplus": "Grad-CAM++", "hirescam": "HiResCAM", "layercam": "LayerCAM",
    "random": "random map", "centre": "blob in the middle",
}  # fmt: skip
FAITHFULNESS = {
    "drop": ("Confidence lost without the top 20 %", True),
    "deletion": ("Deletion (low is good)", False),
    "insertion": ("Insertion (high is good)", False),
    "road": ("ROAD (above 0 is good)", False),
    "head_likeness": ("Likeness to maps of a random head", False),
}
LOCALISATION = {
    "pointing": ("Highest place on the lesion", True),
    "energy": ("Of the map on the lesion", True),
    "iou": ("Overlap (IoU)", False),
}
STATES = {True: "holds", False: "fails", None: "not available"}
SMALLEST = 0.8
"""Of a chart's natural width; below it the letters could not be read."""


def write(found: Mapping[str, Any], gallery: Path | None, folder: Path, *, confidence: float) -> None:
    """Write index.html and its pictures into `folder`, atomically.

    Parameters
    ----------
    found : content of reports/explain/<classifier>.json.
    gallery : folder of index.json and the pictures that it names, outputs/explain/<classifier>; None without maps.

    Raises
    ------
    LesionflowError : a picture is missing, or its name leads out of its folder.
    """
    index = {"items": [], "more": [], "absent": []} if gallery is None else files.read_json(gallery / "index.json")
    items = [*index["items"], *index["more"]]
    with files.atomic(folder) as partial:
        partial.mkdir()
        for name in sorted({item[kind] for item in items for kind in PICTURES if item.get(kind)}):
            _copy(gallery or folder, name, partial)
        files.write_text(render(found, items, index["absent"], confidence=confidence), partial / "index.html")


def _copy(gallery: Path, name: str, folder: Path) -> None:
    if name != Path(name).name or name.startswith(".") or "\\" in name:
        raise LesionflowError(f"{gallery}/index.json: picture {name!r}", expected="a plain file name")
    try:
        shutil.copyfile(gallery / name, folder / name)
    except FileNotFoundError:
        remedy = f"Run `dvc repro -f explain@{gallery.name}`."
        raise LesionflowError(f"{gallery / name}: no such picture", remedy=remedy) from None


def render(
    found: Mapping[str, Any], items: Sequence[Mapping[str, Any]], absent: Sequence[str], *, confidence: float
) -> str:
    """The page as HTML. The same figures give the same text."""
    template = templating.environment({"chart": _chart}).get_template("explanation.html")
    return template.render(
        home="../../",
        name=found["model"],
        confidence=figures.confidence_name(confidence),
        fails=found["verdict"]["fails"],
        checks=[_check(one) for one in found["verdict"]["checks"]],
        sections=_sections(items),
        absent=absent,
        maps=_maps(found) if "methods" in found else None,
        curves=_curves(found["audit"]),
        audit=_audit(found["audit"]),
        parts=_parts(found["audit"]),
        origin=_origin(found.get("origin")),
    )


def _chart(chart: Chart) -> Markup:
    # drawing.py makes the element and escapes every text in it.
    svg = Markup(chart.svg)  # noqa: S704
    return Markup('<div class="chart" role="img" aria-label="{}" style="max-width:{}px">{}</div>').format(
        escape(chart.alt), chart.width, svg
    )


def _check(check: Mapping[str, Any]) -> dict[str, str]:
    figure = figures.interval(
        {"low": None, "high": None, **{key: check[key] for key in ("value", "low", "high")}}, share=False
    )
    return {
        "name": check["check"],
        "figure": figure,
        "against": f"{check['against']:.2f}",
        "state": STATES[check["holds"]],
        "says": check["says"],
    }


def _sections(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Kinds in their order, each with its items; kinds without one are left out."""
    sections = []
    for kind, (name, intro) in KINDS.items():
        some = [_item(item) for item in items if item["kind"] == kind]
        if some:
            sections.append({"kind": kind, "name": name, "intro": intro, "items": some})
    return sections


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    probable = list(item["probabilities"].items())[:3]
    return {
        "truth_overlay": None,
        **item,
        "right": item["label"] == item["predicted"],
        "truth_blank": item["label"] != item["predicted"] and not item.get("truth_overlay"),
        "probable": [(figures.words(label), figures.plain(value)) for label, value in probable],
    }


def _maps(found: Mapping[str, Any]) -> dict[str, Any]:
    rows = found["methods"]
    located = found["localisation"]
    return {
        "method": METHODS[found["method"]],
        "layer": found["target_layer"],
        "view": found["view"],
        "held": found["held_constant"],
        "photos": found["photos"],
        "blank": figures.plain(found["blank_share"]),
        "faithfulness": _grid(rows, FAITHFULNESS, found["method"]),
        "localisation": None if located is None else _grid(rows, LOCALISATION, found["method"]),
        "located": 0 if located is None else located["photos"],
        "lesion_share": figures.UNDEFINED if located is None else figures.plain(located["lesion_share"]),
        "masks": [(reason, count) for reason, count in found["masks_not_used"].items()],
        "chosen": _chosen(found),
        "attention": Grid(
            ["Drawn in", "Photos", "Area that it covers", "Of the map on it", "Beyond its area, points"],
            [
                [
                    row["corruption"], str(row["photos"]), figures.plain(row["area"]), figures.interval(row["energy"]),
                    figures.signed_interval(row["beyond_area"]),
                ]
                for row in found["attention"]
            ],
        ),
    }  # fmt: skip


def _grid(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, tuple[str, bool]], drawn: str) -> Grid:
    cells = [
        [
            METHODS[row["method"]] + (" (drawn)" if row["method"] == drawn else ""),
            *(figures.interval(row[key], share=share) for key, (_, share) in columns.items()),
        ]
        for row in rows
    ]
    return Grid(["Map", *(name for name, _ in columns.values())], cells)


def _chosen(found: Mapping[str, Any]) -> Grid:
    layers = [["layer", name, figures.plain(score, share=False)] for name, score in found["layer_scores"].items()]
    methods = [
        ["method", METHODS[name], figures.plain(score, share=False)] for name, score in found["method_scores"].items()
    ]
    return Grid(["Chosen on validation", "Candidate", "Confidence lost beyond random maps"], [*layers, *methods])


def _corruptions(audit: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["corruption"] for row in audit if row["severity"] > 0))


def _curves(audit: Sequence[Mapping[str, Any]]) -> list[tuple[str, Chart]]:
    """A chart a corruption, from the photos as they are to the highest severity."""
    plain = [row for row in audit if row["corruption"] == "none"]
    return [
        (name, severity_plots.severities([*plain, *(row for row in audit if row["corruption"] == name)], name=name))
        for name in _corruptions(audit)
    ]


def _audit(audit: Sequence[Mapping[str, Any]]) -> Grid:
    heads = [
        "Corruption", "Severity", "Area", "Accuracy", "Balanced accuracy", "Answers that flip", "Grows most",
        "Probability rises most", "Trained with it",
    ]  # fmt: skip
    rows = []
    for row in audit:
        if row["severity"] > 0 or row["corruption"] == "none":
            shown = [figures.interval(row[key]) for key in ("accuracy", "balanced_accuracy", "flipped")]
            sways = [figures.UNDEFINED] * 3 if row["corruption"] == "none" else _sways(row)
            rows.append([row["corruption"], str(row["severity"]), figures.plain(row["area"]), *shown, *sways])
    return Grid(heads, rows)


def _sways(row: Mapping[str, Any]) -> list[str]:
    """What gains the most answers, what rises most in probability, and how much more often it was trained with it."""
    carried = row.get("carried")
    trained = figures.UNDEFINED if carried is None else figures.signed_interval(carried)
    return [_grows(row["pulled"]), _grows(row["raised"]), trained]


def _grows(pulled: Mapping[str, Any]) -> str:
    return f"{figures.words(pulled['class'])} {figures.signed_interval(pulled)}"


def _parts(audit: Sequence[Mapping[str, Any]]) -> Grid:
    told = {"border_only": "Only the border left (30 % of the area)", "lesion_covered": "Lesion under a box"}
    known = {row["corruption"]: row for row in audit if row["corruption"] in told}
    rows = []
    for key, name in told.items():
        row = known.get(key)
        if row is None:
            rows.append([name, "0", figures.UNDEFINED, figures.UNDEFINED])
        else:
            rows.append([name, str(row["photos"]), figures.interval(row["accuracy"]), figures.plain(row["majority"])])
    return Grid(["What is left", "Photos", "Accuracy", "Share of the largest class"], rows)


def _origin(origin: Mapping[str, Any] | None) -> str:
    if origin is None:
        return "How well the features tell the source of a photo is not available: fewer than two have photos enough."
    return (
        f"A linear probe on the features tells the source of a photo, of {origin['sources']}, with a balanced accuracy "
        f"of {figures.interval(origin['balanced_accuracy'])}; guessing it from the true class alone gives "
        f"{figures.interval(origin['by_class'])}, chance {figures.plain(origin['chance'])}."
    )
