"""What is told of classifiers: their figures, what they cost, and how they fare elsewhere."""

from collections.abc import Mapping
from typing import Any

from lesionflow.report import ablation_page, figures, markdown
from rendering import words

METHODS = {"statistics": "features matched", "prior": "class shares corrected", "statistics_and_prior": "both"}
IN_MEMORY = ("torch", "onnx", "onnx_one_by_one", "ours")
"""Who computes on tensors in memory, in the order of the table."""


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
            f"Measured by `{results['command']}` in {words.duration(results['seconds'])}, "
            f"with {words.versions(results['versions'])}.",
        ]
    )


def learning_milk10k(results: Mapping[str, Any]) -> str:
    """Figures of the recipes study and tuned, the gain, and each classifier alone.

    Parameters
    ----------
    results : `study`, `tuned`, `tuned_minus_study`, `tuned_untold`, `photo_alone` and `photo_alone_minus_study`, each
        {balanced_accuracy, mcc, accuracy} as {value, low, high};
        `models`, such figures by classifier; `unseen`, {splits, study, tuned, tuned_minus_study} of further splits;
        `trade`, `photos`, `classes`, `splits`, `command` and `versions`.
    """
    ways = {
        "study": "study",
        "tuned": "tuned",
        "tuned minus study": "tuned_minus_study",
        "tuned, told no age, sex or body site": "tuned_untold",
        "tuned, trained on photos alone": "photo_alone",
        "the same minus study": "photo_alone_minus_study",
    }
    rows = [[told, *_gains(results[way])] for told, way in ways.items()]
    unseen = results["unseen"]
    rows += [[f"tuned minus study, {len(unseen['splits'])} unseen splits", *_gains(unseen["tuned_minus_study"])]]
    each = ([f"`{name}`", *_gains(of)] for name, of in results["models"].items())
    rows += [row for row in each if row[1:] not in [way[1:] for way in rows]]  # a way is one of the classifiers
    return "\n\n".join(
        [
            markdown.of_markup(["", "Balanced accuracy", "MCC", "Accuracy"], rows),
            f"{results['photos']:,} photos of {len(results['classes'])} classes, means of {len(results['splits'])} "
            "splits 70/15/15 and their 95 % intervals, which allow for photos that splits share. `study` is the one of "
            "its heads that validation prefers, `tuned` the joined pair, which also looks at age, sex and body site. "
            f"What is chosen on validation weighs balanced accuracy {results['trade']:g} and MCC "
            f"{1 - results['trade']:g}. Unseen splits were looked at with these settings alone: there `study` has "
            f"{_gains(unseen['study'])[0]} balanced accuracy, `tuned` {_gains(unseen['tuned'])[0]}.",
            f"Measured by `{results['command']}`, with {words.versions(results['versions'])}.",
        ]
    )


def _gains(of: Mapping[str, Any]) -> list[str]:
    shares = {"balanced_accuracy": True, "mcc": False, "accuracy": True}
    return [figures.interval(of[name], share=share) for name, share in shares.items()]


def learning(results: Mapping[str, Any]) -> str:
    """What training and the pass over photos cost.

    Parameters
    ----------
    results : `training_over_one_pass`; of the pass `feature_rate_over_memory_rate`, `over_one_by_one`,
        `photos_a_second`, `views_a_second`, `in_memory` (by peer, and `ours`), `engine`, `photos` and `views`, and the
        same by name in `other_models`; `model`, `heads` {heads, rows, width_a_view, minutes}, `memory` {photos, views,
        peak_gib}, `processors`, `command` and `versions`.
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
                    f"In {results['views']} views",
                    "In memory: torch",
                    "ONNX Runtime",
                    "The same, one by one",
                    "As the pass computes",
                    "Pass over the faster of torch and ONNX Runtime",
                    "Pass over one by one",
                ],
                [_pass(name, of) for name, of in passes.items()],
            ),
            f"{results['photos']:,} generated photos of 600 x 450 pixels (fewer by the other networks, untrained "
            f"here), {results['processors']} processors; of several views, each counts. torch (channels last) and ONNX "
            "Runtime, the peers, share each batch among all processors, or one photo at a time; the pass computes a "
            "few photos at once in each thread. "
            f"Measured by `{results['command']}`, with {words.versions(results['versions'])}.",
        ]
    )


def _pass(name: str, of: Mapping[str, Any]) -> list[str]:
    rates = [of["photos_a_second"], of["views_a_second"], *(of["in_memory"][engine] for engine in IN_MEMORY)]
    ratios = [of["feature_rate_over_memory_rate"], of["over_one_by_one"]]
    return [f"`{name}`", *(f"{rate:.1f}" for rate in rates), *(f"{ratio:.2f}" for ratio in ratios)]


def phone_photos(results: Mapping[str, Any]) -> str:
    """The pass over large photos, decoded at reduced scale and in full.

    Parameters
    ----------
    results : `photos_a_second` {reduced, in_full}, `reduced_over_in_full`, `lowest_cosine` (by view), `photos`, `size`
        (pixels), `mean_bytes`, `model`, `processors`, `command` and `versions`.
    """
    rates, (width, height) = results["photos_a_second"], results["size"]
    rows = [
        [
            f"`{results['model']}`",
            *(f"{of:.1f}" for of in (rates["reduced"], rates["in_full"], results["reduced_over_in_full"])),
        ]
    ]
    views = "views" if len(results["lowest_cosine"]) > 1 else "view"
    alike = ", ".join(f"{view} {cosine:.4f}" for view, cosine in results["lowest_cosine"].items())
    return "\n\n".join(
        [
            markdown.of_markup(["Network", "Photos a second", "Decoded in full", "Ratio"], rows),
            f"{results['photos']} generated JPEGs of {width} x {height} pixels, {results['mean_bytes'] / 1e6:.1f} MB "
            f"each, in {len(results['lowest_cosine'])} {views}; {results['processors']} processors. Lowest cosine "
            f"between the features of both: {alike}. Measured by `{results['command']}`, with "
            f"{words.versions(results['versions'])}.",
        ]
    )


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
            f"Measured by `{results['command']}` in {words.duration(results['seconds'])} of processor time, with "
            f"{words.versions(results['versions'])}.",
        ]
    )


def _cells(results: Mapping[str, Any]) -> list[str]:
    """The missing cells, those of a strategy without any result as one."""
    made = {cell["strategy"] for cell in results["cells"]}
    of = {name: name.split("-")[0] for name in results["missing"]}
    return list(dict.fromkeys(name if way in made else way for name, way in of.items()))


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
            f"Measured by `{results['command']}` (seed {results['seed']}), with {words.versions(results['versions'])}.",
        ]
    )


def _recovered(told: Mapping[str, Any], shares: Mapping[str, bool]) -> list[str]:
    cells = []
    for name, share in shares.items():
        cells += [figures.interval(told[name], share=share), figures.signed_interval(told["gain"][name], share=share)]
    return cells
