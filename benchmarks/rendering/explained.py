"""What is told of heat maps and of the shortcut audit."""

from collections.abc import Mapping
from typing import Any

from lesionflow.evaluate import verdict
from lesionflow.report import figures, markdown
from rendering import words

CARRIED = {"hair": "hair", "pen": "pen ink", "gel": "gel"}


def explain(results: Mapping[str, Any]) -> str:
    """What the audit catches, what a map costs, and the audit of classifiers of milk10k.

    Parameters
    ----------
    results : `drawn` by seed, of which `caught` and `flagged` counts, `of_each_class`,
        `seconds_over_forward_backward`, `milk10k` ({photos, test_photos, models: by name {shortcut_audit_fails, fails,
        audit, carrying}, recognised: by backbone and artefact}), `command` and `versions`.
    """
    real = results["milk10k"]
    rows = [[f"`{name}`", *_audited(model)] for name, model in real["models"].items()]
    errors = [
        [f"`{name}`", *(figures.signed_interval(model["carrying"][key]["difference"]) for key in CARRIED)]
        for name, model in real["models"].items()
    ]
    first = next(iter(real["models"].values()))
    counts = ", ".join(
        f"{told} {first['carrying'][key]['photos']} (free: {first['carrying'][key]['free']})"
        for key, told in CARRIED.items()
    )
    times = len(results["drawn"])
    return "\n\n".join(
        [
            f"Photos of six classes, {results['of_each_class']} of each, were drawn {times} times, by seeds on which "
            f"nothing was chosen. A head that learned a class by its watermark is caught {results['caught']} times of "
            f"{times}; one that had no watermark to learn is flagged {results['flagged']} times of {times}.",
            f"A heat map costs at most {results['seconds_over_forward_backward']:.2f} times a forward and backward "
            "pass of its network.",
            "On milk10k:",
            markdown.of_markup(
                ["", "Shortcuts", "Artefact that raises a class most", "Raised", "Trained with it", "Only the border"],
                rows,
                left=3,
            ),
            "Raised: how far the mean probability of the class rises when a little of the artefact is drawn in. "
            "Trained with it: how many more of its training photos than of the others look as if they carried it. Both "
            "in points. Only the border: accuracy when 70 % of the photo are covered, beside the share of the largest "
            "class.",
            _recognised(real["recognised"]),
            "Error rates on photos that really carry an artefact, minus those on photos free of it, in points:",
            markdown.of_markup(["", *(told.capitalize() for told in CARRIED.values())], errors),
            f"Test photos by the MONET scores of milk10k: {counts}, of {real['test_photos']}. Classes are not spread "
            "alike over them, so that a difference need not be the artefact's doing.",
            f"Measured by `{results['command']}`, with {words.versions(results['versions'])}.",
        ]
    )


def _recognised(by_backbone: Mapping[str, Any]) -> str:
    """Whether the probe that says which training photos carry an artefact agrees with milk10k's scores."""
    told = [
        f"`{slug}` " + ", ".join(f"{CARRIED[key].lower()} {figures.signed_interval(one)}" for key, one in found.items())
        for slug, found in by_backbone.items()
    ]
    return (
        "Whether that can be told: of the training photos that carry an artefact by milk10k's MONET scores, so many "
        f"points more look as if they did than of those free of it: {'; '.join(told)}."
    )


def _audited(model: Mapping[str, Any]) -> list[str]:
    shortcuts = [check.removeprefix("shortcut: ") for check in model["fails"] if check.startswith("shortcut: ")]
    lowest = min(row["severity"] for row in model["audit"] if row["severity"] > 0)
    artefacts = [row for row in model["audit"] if row["severity"] == lowest and row["corruption"] in verdict.ARTEFACTS]
    worst = max(artefacts, key=lambda row: row["raised"]["value"])
    border = next(row for row in model["audit"] if row["corruption"] == "border_only")
    return [
        ", ".join(shortcuts) or "none found",
        f"{verdict.TITLES.get(worst['corruption'], worst['corruption'])}, {worst['raised']['class']}",
        figures.signed_interval(worst["raised"]),
        figures.signed_interval(worst["carried"]),
        f"{figures.interval(border['accuracy'])} ({figures.plain(border['majority'])})",
    ]
