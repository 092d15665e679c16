"""What is told of photos that come in: ingestion, curation, leakage, and updates."""

from collections.abc import Mapping
from statistics import mean
from typing import Any

from lesionflow.report import figures, markdown
from rendering import words

LEAKED = ("leaked_share", "accuracy_leaked", "accuracy_not_leaked")


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
            f"Measured by `{results['command']}`, with {words.versions(results['versions'])}.",
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
            f"Measured by `{results['command']}`, with {words.versions(results['versions'])}.",
        ]
    )


def curation(results: Mapping[str, Any]) -> str:
    """Copies found and false pairs of lesionflow's curation beside those of its peers, and what it costs.

    Parameters
    ----------
    results : `recall`, `recall_by_transform`, `false_pairs` and `compared` (the same by peer); `photos` ({originals,
        copied, ways}), `proposed` (share of copies by change, by signal), `ratio_to_decode`, `peers_ratio`,
        `imagededup_ratio`, `cleanvision_ratio`, `pad_double_uses`, `seed`, `command` and `versions`.
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
            f"What proposes pairs, each asked alone for as many neighbours: {_proposed(results['proposed'])}. Curation "
            "asks hashes and words.",
            f"All that curation does with the pictures takes {results['peers_ratio']:.2f} times as long as imagededup "
            f"and CleanVision together (imagededup alone {results['imagededup_ratio']:.2f} of our time, CleanVision "
            f"{results['cleanvision_ratio']:.2f}), the fingerprints {results['ratio_to_decode']:.2f} times as long as "
            "merely decoding the photos in full; medians of whole processes, in turn, 2 workers.",
            f"Measured by `{results['command']}` (seed {results['seed']}), with {words.versions(results['versions'])}.",
        ]
    )


def _found(search: Mapping[str, Any]) -> list[str]:
    return [f"{100 * search['recall']:.1f} %", _hardest(search["recall_by_transform"]), f"{search['false_pairs']:,}"]


def _proposed(signals: Mapping[str, Mapping[str, float]]) -> str:
    """What each signal finds, over all changes and of the hardest."""
    each = (f"{name} {100 * mean(found.values()):.1f} %, {_hardest(found)}" for name, found in signals.items())
    return "; ".join(each)


def _hardest(by_change: Mapping[str, float]) -> str:
    name, recall = min(by_change.items(), key=lambda item: item[1])
    return f"{100 * recall:.1f} % ({name.replace('_', ' ').replace('+', ', ')})"


def curation_tuning(results: Mapping[str, Any]) -> str:
    """What trying another threshold of curation costs.

    Parameters
    ----------
    results : `seconds`, `slowest`, `rounds`, `rows`, `command` and `versions`.
    """
    return (
        f"Another threshold takes {results['seconds']:.1f} s on {results['rows']:,} photos (`dvc repro curate`, median "
        f"of {len(results['rounds'])}, the slowest {results['slowest']:.1f} s): no photo is read again. Measured by "
        f"`{results['command']}`, with {words.versions(results['versions'])}."
    )


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
            words.duration(one["seconds"]),
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
            f"Measured by `{results['command']}` (seed {results['seed']}), with {words.versions(results['versions'])}.",
        ]
    )


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
            f"Measured by `{results['command']}`, with {words.versions(results['versions'])}.",
        ]
    )
