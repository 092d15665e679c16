"""One classifier on photos from elsewhere: the drop against its own test photos, and what is recovered of it.

Which photos, and which classes. The figures are over the external photos whose label the classifier has learned. A
class that it has learned and the external photos lack stays among its answers, and is always a wrong one; nothing is
taken from its probability, unless an adaptation does. The own test photos are held to the same classes, so that the
drop compares like with like: it is of the classes that both sides show.

The two sides are other photos of other people, so the interval of the drop is that of a difference of two independent
group bootstraps; gains of adaptations are on the same external photos, and paired. The adaptation is taken as given:
its intervals leave out that other photos would have given another one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lesionflow import scaling, seeding
from lesionflow.evaluate import adaptation, confusions, intervals, metrics, predictions, subgroups, trust
from lesionflow.evaluate.intervals import Reals, Resamples
from lesionflow.evaluate.settings import CalibrateParams, EvaluateParams, SubgroupsParams

COMPARED = ("balanced_accuracy", "mcc", "accuracy", "macro_f1", "log_loss", "brier")
METHODS = ("statistics", "prior", "statistics_and_prior")
Estimate = dict[str, float | None]


@dataclass(frozen=True)
class Answers:
    """What one classifier says.

    own, external : tables predictions, of the run's photos and of those from elsewhere (part "external").
    matched : probabilities of the latter (photos, classes), in their order, after statistics matching.
    shares : of the classes among the training photos (classes,).
    tau : how far the probabilities are adjusted for these shares, in loss and after training together.
    """

    model: str
    own: pd.DataFrame
    external: pd.DataFrame
    matched: Reals
    shares: Reals
    tau: float


@dataclass(frozen=True)
class Settings:
    """The run's own settings of evaluation, all of which hold here too."""

    evaluate: EvaluateParams
    calibrate: CalibrateParams
    subgroups: SubgroupsParams
    seed: int

    @property
    def external_seed(self) -> int:
        """The bootstrap of the photos from elsewhere is independent of that of the own test photos."""
        return seeding.derive(self.seed, "external")

    def resampled(self, table: pd.DataFrame, seed: int) -> Resamples | None:
        """Resamples of the table's groups; a single group says nothing about others."""
        groups = list(table["group"])
        return intervals.resample(groups, count=self.evaluate.bootstrap, seed=seed) if len(set(groups)) > 1 else None

    def estimate(self, value: float | None, samples: Reals | None) -> Estimate:
        """The value with its interval."""
        return intervals.estimate(value, samples, confidence=self.evaluate.confidence)


def judge(
    answers: Answers,
    labels: Sequence[str],
    malignant: Collection[str],
    skin_type: "pd.Series[Any]",
    parts: pd.DataFrame,
    settings: Settings,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Every figure of one classifier, None where undefined; and its subgroups' table (see `subgroups.measure`).

    Parameters
    ----------
    skin_type : by sha256, of the photos from elsewhere; missing where unknown.
    parts : their subgroups by trait, a row a photo of `answers.external`, in its order.

    Raises
    ------
    LesionflowError : probabilities that no metric can be computed from.
    """
    alarm = predictions.alarm(answers.own, labels, malignant, specificity=settings.evaluate.specificity)
    own, external = _comparable(answers)
    measured = intervals.measure(
        *predictions.arrays(external, labels), list(external["group"]), top_k=settings.evaluate.top_k,
        count=settings.evaluate.bootstrap, confidence=settings.evaluate.confidence, seed=settings.external_seed,
        alarm=alarm,
    )  # fmt: skip
    values, drop = _drop(own, external, labels, settings)
    by_subgroup = subgroups.measure(
        external, parts, labels, alarm, settings.evaluate, settings.subgroups, seed=settings.external_seed
    )
    figures = {
        "model": answers.model,
        "internal": _size(own) | values,
        "external": _size(external) | measured,
        "drop": drop,
        "recovered": recovered(answers, labels, settings),
        "trust": _trust(answers, labels, skin_type, settings),
        "worst": subgroups.worst(by_subgroup),
    }
    return predictions.rounded(figures), by_subgroup


def shared_classes(answers: Answers) -> set[str]:
    """The labels that both the own test photos and those from elsewhere have."""
    return set(predictions.of_split(answers.own, "test")["label"]) & set(answers.external["label"])


def _comparable(answers: Answers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The own test photos of shared classes, and all photos from elsewhere."""
    test = predictions.of_split(answers.own, "test")
    return test[test["label"].isin(shared_classes(answers))], answers.external


def _size(table: pd.DataFrame) -> dict[str, int]:
    return {"photos": len(table), "groups": int(table["group"].nunique()), "classes": int(table["label"].nunique())}


def _drop(
    own: pd.DataFrame, external: pd.DataFrame, labels: Sequence[str], settings: Settings
) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """The own figures, and those of the photos from elsewhere minus them, over the classes that both have."""
    shared = external[external["label"].isin(set(own["label"]))]
    sides = [
        _measured(part, predictions.arrays(part, labels)[0], settings.resampled(part, seed))
        for part, seed in ((own, settings.seed), (shared, settings.external_seed))
    ]
    (values, samples), (theirs, their_samples) = sides
    mine = {name: settings.estimate(values[name], samples.get(name)) for name in COMPARED}
    return mine, _differences(theirs, their_samples, values, samples, settings)


def _measured(
    table: pd.DataFrame, probabilities: Reals, drawn: Resamples | None
) -> tuple[dict[str, float | None], dict[str, Reals]]:
    """The compared metrics, and each of them in every resample."""
    class_id = table["class_id"].to_numpy(dtype=np.int64)
    values = metrics.measure(probabilities, class_id)
    if drawn is None:
        return values, {}
    samples = confusions.measure(drawn.confusions(class_id, metrics.predict(probabilities), probabilities.shape[1]))
    return values, samples | {
        name: drawn.means(losses) for name, losses in metrics.losses(probabilities, class_id).items()
    }


def _differences(
    more: Mapping[str, float | None],
    more_samples: Mapping[str, Reals],
    less: Mapping[str, float | None],
    less_samples: Mapping[str, Reals],
    settings: Settings,
) -> dict[str, Estimate]:
    """The first minus the second; undefined where one of them is, without an interval where one has no resamples."""
    result = {}
    for name in COMPARED:
        one, other = more[name], less[name]
        value = None if one is None or other is None else one - other
        both = name in more_samples and name in less_samples
        result[name] = settings.estimate(value, more_samples[name] - less_samples[name] if both else None)
    return result


def recovered(answers: Answers, labels: Sequence[str], settings: Settings) -> dict[str, dict[str, Any]]:
    """By method of adaptation the figures, their gain over none on the same resamples, and the shares it assumes."""
    table = answers.external
    unchanged, _ = predictions.arrays(table, labels)
    drawn = settings.resampled(table, settings.external_seed)
    values, samples = _measured(table, unchanged, drawn)
    result = {}
    for method, (probabilities, shares) in adapted(answers, labels).items():
        theirs, their_samples = _measured(table, probabilities, drawn)
        figures: dict[str, Any] = {name: settings.estimate(theirs[name], their_samples.get(name)) for name in COMPARED}
        figures["gain"] = _differences(theirs, their_samples, values, samples, settings)
        figures["shares"] = None if shares is None else dict(zip(labels, shares.tolist(), strict=True))
        result[method] = figures
    return result


def adapted(answers: Answers, labels: Sequence[str]) -> dict[str, tuple[Reals, Reals | None]]:
    """By method the probabilities (photos, classes), and the shares that prior shift correction found."""
    unchanged, _ = predictions.arrays(answers.external, labels)
    known, truth = predictions.arrays(predictions.of_split(answers.own, "val"), labels)
    posterior = adaptation.unadjusted(known, answers.shares, tau=answers.tau)
    temperature = scaling.fit_temperature(posterior, truth)

    def corrected(probabilities: Reals) -> tuple[Reals, Reals]:
        return adaptation.correct_prior(probabilities, answers.shares, tau=answers.tau, temperature=temperature)

    matched = answers.matched.astype(float)
    return dict(zip(METHODS, ((matched, None), corrected(unchanged), corrected(matched)), strict=True))


def _trust(answers: Answers, labels: Sequence[str], skin_type: "pd.Series[Any]", settings: Settings) -> dict[str, Any]:
    """Calibration, prediction sets and abstention with all that was fitted on the own validation photos."""
    own_val = predictions.of_split(answers.own, "val")
    table = pd.concat([own_val, answers.external.assign(split="test")], ignore_index=True)
    return trust.judge(
        table, labels, skin_type, settings.calibrate, count=settings.evaluate.bootstrap,
        confidence=settings.evaluate.confidence, seed=settings.external_seed,
    ).figures  # fmt: skip


def unusual(split: pd.DataFrame, table: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """The share of photos beyond the limit of the own validation photos, of the own test and of those from elsewhere.

    Parameters
    ----------
    split : a row a photo: sha256, group, split (parts "test" and "external" are told of).
    table : table outliers of the same photos, in the same order.
    """
    result = {}
    for name, seed in (("test", settings.seed), ("external", settings.external_seed)):
        here = (split["split"] == name).to_numpy()
        hits = table.loc[here, "unusual"].to_numpy(dtype=bool)
        drawn = settings.resampled(split[here], seed) if len(hits) else None
        share = float(hits.mean()) if len(hits) else None
        estimate = settings.estimate(share, None if drawn is None else drawn.shares(hits))
        median = float(table.loc[here, "distance"].median()) if len(hits) else None
        result[name] = {"photos": len(hits), "unusual": estimate, "median_distance": median}
    return predictions.rounded(result)  # type: ignore[no-any-return]
