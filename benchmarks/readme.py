"""Render README's tables from benchmarks/results/*.json, between <!-- table: name --> and <!-- end: name -->.

`python benchmarks/readme.py` rewrites README.md; with `--check` it only tells whether it would, by its exit code.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lesionflow import files
from lesionflow.errors import LesionflowError, command
from lesionflow.evaluate import verdict
from lesionflow.report import ablation_page, figures, markdown

README, RESULTS = Path("README.md"), Path("benchmarks/results")
MARKER = re.compile(r"<!-- (table|end): ([\w-]+) -->")


def milk10k(results: Mapping[str, Any]) -> str:
    """Figures of each model with their intervals, then the command and versions that gave them.

    Parameters
    ----------
    results : `models`, a list of {model, accuracy, balanced_accuracy, macro_f1, mcc}, each figure as
        {value, low, high}; `command`, `versions` (by package) and `seconds`.
    """
    shown = sorted(figures.HEADLINE, key=lambda measure: measure.key != "accuracy")
    rows = [
        [f"`{model['model']}`", *(figures.interval(model[measure.key], share=measure.share) for measure in shown)]
        for model in results["models"]
    ]
    return "\n\n".join(
        [
            markdown.of_markup(["Model", *(measure.name for measure in shown)], rows),
            f"Measured by `{results['command']}` in {_duration(results['seconds'])}, "
            f"with {_told(results['versions'])}.",
        ]
    )


def ingest(results: Mapping[str, Any]) -> str:
    """Rates of ingestion beside img2dataset's, and what a second run costs.

    Parameters
    ----------
    results : `images_per_second`, `img2dataset_images_per_second`, `ratio`, `resume_share`, `photos`, `mean_bytes`,
        `workers`, `command` and `versions`.
    """
    rows = [
        ["lesionflow, politeness off", f"{results['images_per_second']:.0f}", f"{results['ratio']:.2f}"],
        ["img2dataset", f"{results['img2dataset_images_per_second']:.0f}", "1"],
    ]
    return "\n\n".join(
        [
            markdown.of_markup(["", "Images a second", "Ratio"], rows),
            f"{results['photos']:,} photos of {results['mean_bytes'] / 1000:.0f} kB over loopback, "
            f"{results['workers']} processes, md5 and decoding checked by both; medians of {len(results['pairs'])} "
            f"pairs. A second run takes {100 * results['resume_share']:.1f} % of the first.",
            f"Measured by `{results['command']}`, with {_told(results['versions'])}.",
        ]
    )


def leakage(results: Mapping[str, Any]) -> str:
    """Test figures of a split by photo beside those of lesionflow's, and what the first says too much.

    Parameters
    ----------
    results : `naive`, `lesionflow` and `faked`, each {accuracy, balanced_accuracy} as {value, low, high};
        `leaked_share`, `accuracy_leaked` and `accuracy_not_leaked`, as {value, low, high}; `photos`, `copies`,
        `copies_in_cluster`, `copies_in_group`, `model`, `seeds`, `command` and `versions`.
    """
    ways = {"Photos at random": "naive", "lesionflow": "lesionflow", "Difference: faked": "faked"}
    names = ("accuracy", "balanced_accuracy")
    rows = [[told, *(figures.interval(results[way][name], share=True) for name in names)] for told, way in ways.items()]
    shares = {name: f"{100 * results[name]['value']:.0f} %" for name in LEAKED}
    return "\n\n".join(
        [
            markdown.of_markup(["Split", "Test accuracy", "Balanced accuracy"], rows),
            f"{results['photos']:,} photos and {results['copies']} planted copies; curation joined "
            f"{results['copies_in_cluster']} copies with their original, and keeps {results['copies_in_group']} in its "
            f"leakage group. At random, {shares['leaked_share']} of the test photos have a copy in train; on these the "
            f"head is right in {shares['accuracy_leaked']}, on the others in {shares['accuracy_not_leaked']}.",
            f"`{results['model']}`, means of {results['seeds']} splits and their 95 % intervals. "
            f"Measured by `{results['command']}`, with {_told(results['versions'])}.",
        ]
    )


def learning_milk10k(results: Mapping[str, Any]) -> str:
    """Figures of the recipes study and tuned, the gain, and each classifier alone.

    Parameters
    ----------
    results : `study`, `tuned`, `tuned_minus_study` and `tuned_with_clinical`, each {balanced_accuracy, mcc, accuracy}
        as {value, low, high};
        `models`, such figures by classifier; `trade`, `photos`, `classes`, `splits`, `command` and `versions`.
    """
    ways = {
        "study": "study",
        "tuned": "tuned",
        "tuned minus study": "tuned_minus_study",
        "tuned, with age, sex and body site": "tuned_with_clinical",
    }
    rows = [[told, *_gains(results[way])] for told, way in ways.items()]
    each = ([f"`{name}`", *_gains(of)] for name, of in results["models"].items())
    rows += [row for row in each if row[1:] not in [way[1:] for way in rows]]  # a way is one of the classifiers
    return "\n\n".join(
        [
            markdown.of_markup(["", "Balanced accuracy", "MCC", "Accuracy"], rows),
            f"{results['photos']:,} photos of {len(results['classes'])} classes, means of {len(results['splits'])} "
            "splits 70/15/15 and their 95 % intervals, which allow for photos that splits share. `study` is the one of "
            "its heads that validation prefers, `tuned` the joined pair. What is chosen on validation weighs balanced "
            f"accuracy {results['trade']:g} and MCC {1 - results['trade']:g}.",
            f"Measured by `{results['command']}`, with {_told(results['versions'])}.",
        ]
    )


def _gains(of: Mapping[str, Any]) -> list[str]:
    shares = {"balanced_accuracy": True, "mcc": False, "accuracy": True}
    return [figures.interval(of[name], share=share) for name, share in shares.items()]


def learning(results: Mapping[str, Any]) -> str:
    """What training and the pass over photos cost.

    Parameters
    ----------
    results : `training_over_one_pass`; of the pass `feature_rate_over_memory_rate`, `photos_a_second`, `in_memory` (by
        engine, and `ours`), `engine` and `photos`, and the same by name in `other_models`; `model`, `heads` {heads,
        rows, width_a_view, minutes}, `memory` {photos, views, peak_gib}, `processors`, `command` and `versions`.
    """
    heads, peak = results["heads"], results["memory"]
    passes = {results["model"]: results, **results["other_models"]}
    costs = [
        ["20 epochs of `study`, pass included, over the pass alone", f"{results['training_over_one_pass']:.2f}"],
        [f"{heads['heads']} heads on {heads['rows']:,} photos, minutes", f"{heads['minutes']:.1f}"],
        [f"peak memory of the pass over {peak['photos']:,} photos in {peak['views']} views", f"{peak['peak_gib']} GiB"],
    ]
    return "\n\n".join(
        [
            markdown.of_markup(["", "Measured"], costs),
            "Photos a second of the pass, decoding included, beside the network alone on tensors in memory:",
            markdown.of_markup(
                [
                    "Network",
                    "Pass",
                    "In memory: torch",
                    "ONNX Runtime",
                    "A batch a thread",
                    "Pass over the faster peer",
                ],
                [_pass(name, of) for name, of in passes.items()],
            ),
            f"{results['photos']:,} generated photos of 600 x 450 pixels in one view (fewer by the other networks, "
            f"untrained here), {results['processors']} processors. torch (channels last) and ONNX Runtime, the peers, "
            "share each batch among all processors; a batch a thread is how the pass computes. "
            f"Measured by `{results['command']}`, with {_told(results['versions'])}.",
        ]
    )


def _pass(name: str, of: Mapping[str, Any]) -> list[str]:
    rates = [of["photos_a_second"], *(of["in_memory"][engine] for engine in ("torch", "onnx", "ours"))]
    return [f"`{name}`", *(f"{rate:.1f}" for rate in rates), f"{of['feature_rate_over_memory_rate']:.2f}"]


def ablation(results: Mapping[str, Any]) -> str:
    """Frozen and fine-tuned at each share of the training photos, and the differences.

    Parameters
    ----------
    results : `cells` and `compared`, as evaluate.ablation makes them; `missing`, the names of cells that were not made;
        `model`, `input_size`, `photos` {train, val, test}, `classes`, `test_groups`, `confidence`, `seconds`,
        `command` and `versions`.
    """
    photos, seeds = results["photos"], len({cell["seed"] for cell in results["cells"]})
    missing = f" Not measured: {', '.join(_cells(results))}." if results["missing"] else ""
    return "\n\n".join(
        [
            markdown.of_markup(ablation_page.header(), ablation_page.rows(results), left=2),
            f"`{results['model']}` at {results['input_size']} pixels, one split of {sum(photos.values()):,} photos of "
            f"{len(results['classes'])} classes, {photos['test']} of them in test ({results['test_groups']} groups); "
            f"means of {seeds} seeds, which draw the subset too. After the semicolon the difference from frozen at the "
            f"same share, paired, with its {figures.confidence_name(results['confidence'])} interval over groups and "
            f"seeds.{missing}",
            f"Measured by `{results['command']}` in {_duration(results['seconds'])} of processor time, with "
            f"{_told(results['versions'])}.",
        ]
    )


def _cells(results: Mapping[str, Any]) -> list[str]:
    """The missing cells, those of a strategy without any result as one."""
    made = {cell["strategy"] for cell in results["cells"]}
    of = {name: name.split("-")[0] for name in results["missing"]}
    return list(dict.fromkeys(name if way in made else way for name, way in of.items()))


LEAKED = ("leaked_share", "accuracy_leaked", "accuracy_not_leaked")


def curation(results: Mapping[str, Any]) -> str:
    """Copies found and false pairs of lesionflow's curation beside those of its peers, and what it costs.

    Parameters
    ----------
    results : `recall`, `recall_by_transform`, `false_pairs` and `compared` (the same by peer); `photos` ({originals,
        copied, ways}), `ratio_to_decode`, `peers_ratio`, `imagededup_ratio`, `cleanvision_ratio`, `pad_double_uses`,
        `seed`, `command` and `versions`.
    """
    searches = {"lesionflow": results, **results["compared"]}
    rows = [[name, *_found(search)] for name, search in searches.items()]
    photos = results["photos"]
    return "\n\n".join(
        [
            markdown.of_markup(["Search", "Copies found", "Of the hardest change", "False pairs"], rows),
            f"{photos['copied']} photos, each changed in {photos['ways']} ways, among the {photos['originals']:,} "
            f"close-ups of milk10k. In PAD-UFES-20 curation finds {len(results['pad_double_uses'])} pairs of photos "
            "that stand under two lesions.",
            f"All that curation does with the pictures takes {results['peers_ratio']:.2f} times as long as imagededup "
            f"and CleanVision together (imagededup alone {results['imagededup_ratio']:.2f} of our time, CleanVision "
            f"{results['cleanvision_ratio']:.2f}), the fingerprints {results['ratio_to_decode']:.2f} times as long as "
            "merely decoding the photos in full; medians of whole processes, in turn, 2 workers.",
            f"Measured by `{results['command']}` (seed {results['seed']}), with {_told(results['versions'])}.",
        ]
    )


def _found(search: Mapping[str, Any]) -> list[str]:
    hardest, recall = min(search["recall_by_transform"].items(), key=lambda item: item[1])
    told = f"{100 * recall:.1f} % ({hardest.replace('_', ' ').replace('+', ', ')})"
    return [f"{100 * search['recall']:.1f} %", told, f"{search['false_pairs']:,}"]


def curation_scale(results: Mapping[str, Any]) -> str:
    """Time, memory and planted pairs found, by number of photos.

    Parameters
    ----------
    results : `small`, `middle` and `million`, each {photos, seconds, peak_gib, recall, pairs}; `exponent`,
        `same_on_ray`, `seed`, `command` and `versions`.
    """
    rows = [
        [
            f"{one['photos']:,}",
            _duration(one["seconds"]),
            f"{one['peak_gib']:.1f} GiB",
            f"{one['pairs']:,}",
            f"{100 * one['recall']:.1f} %",
        ]
        for one in (results[name] for name in ("small", "middle", "million"))
    ]
    same = "the same pairs" if results["same_on_ray"] else "other pairs (a fault)"
    return "\n\n".join(
        [
            markdown.of_markup(["Photos", "Time", "Peak memory", "Candidates", "Planted pairs found"], rows),
            f"Time grows as photos to the power {results['exponent']:.2f}; two local Ray workers find {same}.",
            f"Measured by `{results['command']}` (seed {results['seed']}), with {_told(results['versions'])}.",
        ]
    )


METHODS = {"statistics": "features matched", "prior": "class shares corrected", "statistics_and_prior": "both"}


def external_pad(results: Mapping[str, Any]) -> str:
    """Figures of each classifier on PAD, the drop against its own test photos, and what is recovered without labels.

    Parameters
    ----------
    results : `models`, a list of {model, balanced_accuracy, mcc, drop, recovered}, each figure as {value, low, high}
        (`recovered` by method, with its `gain`); `outliers` by backbone; `counts`, `photos` (by class), `seed`,
        `command` and `versions`.
    """
    models, shares = results["models"], {"balanced_accuracy": True, "mcc": False}
    rows = []
    for model in models:
        here = [figures.interval(model[name], share=share) for name, share in shares.items()]
        drops = [figures.signed_interval(model["drop"][name], share=share) for name, share in shares.items()]
        rows.append([f"`{model['model']}`", here[0], drops[0], here[1], drops[1]])
    heads = ["", "Balanced accuracy", "Minus own test", "MCC", "Minus own test"]
    gains = [
        [f"`{model['model']}`", told, *_recovered(model["recovered"][method], shares)]
        for model in models
        for method, told in METHODS.items()
    ]
    counts, photos = results["counts"], ", ".join(f"{label} {count}" for label, count in results["photos"].items())
    unusual = ", ".join(
        f"{figures.plain(told['external']['unusual']['value'])} for `{slug}` (own test photos "
        f"{figures.plain(told['test']['unusual']['value'])})"
        for slug, told in results["outliers"].items()
    )
    return "\n\n".join(
        [
            markdown.of_markup(heads, rows),
            "Recovered without a label of PAD, with the gain over the classifier unchanged, paired:",
            markdown.of_markup(["", "Method", "Balanced accuracy", "Gain", "MCC", "Gain"], gains, left=2),
            f"{counts['used']:,} of {counts['rows']:,} photos ({photos}): {counts['copy']} copies of milk10k's, "
            f"{counts['conflicting_labels']} under two labels, {counts['repeated']} repeated and "
            f"{counts['outside_taxonomy'] + counts['outside_model']} of other classes are left out. Farther from the "
            f"training photos than all but a few of validation lie {unusual}.",
            f"Measured by `{results['command']}` (seed {results['seed']}), with {_told(results['versions'])}.",
        ]
    )


def _recovered(told: Mapping[str, Any], shares: Mapping[str, bool]) -> list[str]:
    cells = []
    for name, share in shares.items():
        cells += [figures.interval(told[name], share=share), figures.signed_interval(told["gain"][name], share=share)]
    return cells


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
            f"Measured by `{results['command']}`, with {_told(results['versions'])}.",
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


def update_cost(results: Mapping[str, Any]) -> str:
    """What a data update costs beside a full run.

    Parameters
    ----------
    results : `update` and `full`, each {seconds, decoded}; `update_share_of_full`, `image_work_share`,
        `same_as_scratch`, `differing` (paths), `added_rows`, `outputs`, `processors`, `command` and `versions`.
    """
    rows = [
        [told, f"{results[key]['seconds'] / 60:.1f}", f"{results[key]['decoded']:,}"]
        for told, key in (("Full run", "full"), ("Update", "update"))
    ]
    shares = (results["update_share_of_full"], results["image_work_share"])
    rows.append(["Update over full", *(f"{100 * share:.1f} %" for share in shares)])
    differing = len(results["differing"])
    same = "every one is as from scratch" if results["same_as_scratch"] else f"{differing} not as from scratch"
    return "\n\n".join(
        [
            markdown.of_markup(["`dvc repro`", "Minutes", "Photos decoded"], rows),
            f"{results['added_rows']} rows of the sample come later, as a manifest of their own. Of "
            f"{results['outputs']} outputs, {same}. {results['processors']} processors.",
            f"Measured by `{results['command']}`, with {_told(results['versions'])}.",
        ]
    )


TABLES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "update": update_cost,
    "milk10k": milk10k,
    "ingest": ingest,
    "leakage": leakage,
    "curation": curation,
    "curation_scale": curation_scale,
    "learning": learning,
    "learning_milk10k": learning_milk10k,
    "external_pad": external_pad,
    "ablation": ablation,
    "explain": explain,
}


def _told(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{package} {version}" for package, version in versions.items())


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


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
