"""Which photos are copies of one photo: confirmed pairs joined, but for what people keep apart."""

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lesionflow.curate.decisions import Pair


def components(first: pd.Series, second: pd.Series) -> pd.Series:
    """Connected components of pairs of names: each name's component, called by its smallest member."""
    codes, names = pd.factorize(np.concatenate([first, second]), sort=True)
    half = len(first)
    links = coo_array((np.ones(half), (codes[:half], codes[half:])), shape=(len(names), len(names)))
    _, component = connected_components(links, directed=False)
    table = pd.DataFrame({"name": names, "component": component})
    return pd.Series(table.groupby("component")["name"].transform("min").to_numpy(), index=names, dtype=object)


def clusters(pairs: pd.DataFrame, apart: Collection[Pair], together: Collection[Pair]) -> pd.Series:
    """The cluster of each photo of `pairs`, called by its smallest member.

    Parameters
    ----------
    pairs : sha256_a, sha256_b and agreement of copies.
    apart : pairs of photos that never lie in one cluster, even where third photos join them. The others are then
        joined in the order of `together`, agreement and name, as far as that leaves these apart.
    together : pairs that people joined.
    """
    joined = components(pairs["sha256_a"], pairs["sha256_b"])
    torn = [pair for pair in apart if set(pair) <= set(joined.index) and joined[pair[0]] == joined[pair[1]]]
    if not torn:
        return joined
    inside = pairs[pairs["sha256_a"].map(joined).isin({joined[first] for first, _ in torn})]
    keys = pd.Series(list(zip(inside["sha256_a"], inside["sha256_b"], strict=True)), index=inside.index, dtype=object)
    ranked = inside.assign(later=~keys.isin({(min(pair), max(pair)) for pair in together}))
    ranked = ranked.sort_values(["later", "agreement", "sha256_a", "sha256_b"], ascending=[True, False, True, True])
    again = pd.Series(_joined_apart(keys[ranked.index], torn))
    return again.combine_first(joined)


def _joined_apart(pairs: Iterable[Pair], apart: Iterable[Pair]) -> dict[str, str]:
    """Pair by pair, the groups of names are joined unless they hold two that stay apart."""
    strangers: dict[str, set[str]] = {}
    for one, two in apart:
        strangers.setdefault(one, set()).add(two)
        strangers.setdefault(two, set()).add(one)
    group: dict[str, set[str]] = {}
    for one, two in pairs:
        ours, theirs = group.setdefault(one, {one}), group.setdefault(two, {two})
        if ours is not theirs and not any(strangers.get(name, set()) & theirs for name in ours):
            ours |= theirs
            group.update(dict.fromkeys(theirs, ours))
    return {name: min(names) for name, names in group.items()}
