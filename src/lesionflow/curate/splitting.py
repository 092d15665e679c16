"""Train, validation and test, by leakage group and stratified by class, with a check that nothing crosses."""

from collections.abc import Collection
from typing import NamedTuple

import pandas as pd

from lesionflow.curate import assignment, frozen, schemes
from lesionflow.curate.assignment import Groups
from lesionflow.curate.schemes import Chosen
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import LesionflowError


class Split(NamedTuple):
    """Table split (with further columns of table curated), and what happened to groups on the way.

    `moved`: groups that lie elsewhere than their place says, so that their classes have their shares. `frozen`: the
    part of each group that a frozen photo binds. `joined`: how many of these hold photos that were frozen in several
    parts. `set_aside`: record_id of photos that such groups lose, since they were frozen in another part than the
    group's.
    """

    table: pd.DataFrame
    moved: int
    frozen: pd.Series
    joined: int
    set_aside: list[str]


def split(
    curated: pd.DataFrame, classes: pd.DataFrame, settings: SplitParams, *, seed: int, ledger: pd.DataFrame
) -> Split:
    """Divide the photos of kept classes.

    Groups with frozen photos keep their part under scheme shares; the other schemes are for measuring something else,
    and know no frozen parts. When new data joins groups that were frozen in several parts, the joined group goes to
    test if any of it was there (else val), and its photos that were frozen elsewhere are set aside: as train they would
    leak into test, and as test they would be measured by models that were trained on them.

    Parameters
    ----------
    ledger : see `frozen.read`.

    Raises
    ------
    LesionflowError : a class has no photo in some part, or the scheme does not fit the data.
    """
    own = frozen.parts(curated, ledger if settings.scheme == "shares" else ledger.iloc[:0])
    of_groups = frozen.of_groups(curated["group"], own)
    rows = _learned(curated, classes)
    here = own[rows.index]
    astray = here.notna() & (here != rows["group"].map(of_groups))
    rows, aside = rows[~astray].copy(), rows.loc[astray, "record_id"]
    kept = list(classes.loc[classes["verdict"] == "keep"].sort_values("class_id")["label"])
    groups = assignment.groups(rows, seed=seed)
    chosen = _choose(groups, settings, of_groups, curated[["group", "source"]], kept)
    rows["split"] = rows["group"].map(chosen.part)
    _refuse_absent(rows, kept, settings)
    bound = of_groups[of_groups.index.isin(groups.names)]
    joined = own.notna() & (own != curated["group"].map(of_groups)) & curated["group"].isin(bound.index)
    return Split(rows, chosen.moved, bound, curated.loc[joined, "group"].nunique(), sorted(aside))


def _learned(curated: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """The rows of table curated that are learned, under the label and class_id that they are learned as."""
    kept_classes = classes[classes["verdict"] == "keep"]
    becomes = curated["label"].map(classes.set_index("label")["becomes"])
    rows = curated[(curated["verdict"] == "keep") & becomes.isin(kept_classes["label"])].copy()
    rows["label"] = becomes[rows.index]
    rows["class_id"] = rows["label"].map(kept_classes.set_index("label")["class_id"]).astype("int64")
    return rows


def _choose(
    groups: Groups, settings: SplitParams, bound: pd.Series, sources: pd.DataFrame, labels: list[str]
) -> Chosen:
    if settings.scheme == "leave_source_out":
        return schemes.by_source(groups, settings, sources=sources)
    if settings.scheme == "folds":
        return schemes.by_folds(groups, settings, labels=labels)
    return schemes.by_shares(groups, settings, frozen=bound)


def _refuse_absent(rows: pd.DataFrame, labels: Collection[str], settings: SplitParams) -> None:
    """A class must be in every part; a source that is held out as test need not have every class."""
    for part in settings.asked():
        present = set(rows.loc[rows["split"] == part, "label"])
        absent = [label for label in labels if label not in present]
        if absent:
            others = rows[rows["split"] != "test"] if "test" not in settings.asked() else rows
            groups = others.loc[others["label"] == absent[0], "group"].nunique()
            beside = f" beside source {settings.held_out_source}" if others is not rows else ""
            raise LesionflowError(
                f"split: no photo of {', '.join(absent)} in {part}",
                got=f"{absent[0]} in {groups} leakage groups{beside} (patients, lesions and copies that stay together)",
                expected=f"every kept class in {' and '.join(settings.asked())}",
                remedy="Add photos of other patients, or raise curate.classes.min_images or min_groups in params.yaml.",
            )
