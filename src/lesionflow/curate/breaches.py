"""What was measured of a photo that cannot be used, against the bound that it breaks, in words for people."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from lesionflow.curate.reasons import Reason
from lesionflow.curate.settings import QualityParams


@dataclass(frozen=True)
class _Bound:
    """A measured value of each photo, and how low or how high it may be."""

    name: str
    measured: pd.Series
    bound: float
    low: bool  # whether values below it break it
    words: str = ""  # instead of the figures, where those say little

    def excess(self) -> pd.Series:
        """How far beyond its bound each value lies, as a share of the bound (or plainly, where that is 0)."""
        beyond = self.bound - self.measured if self.low else self.measured - self.bound
        return beyond / (self.bound or 1)

    def told(self, value: float) -> str:
        return self.words or f"{self.name} {value:.4g}, {'at least' if self.low else 'at most'} {self.bound:.4g} asked"


def told(fingerprints: pd.DataFrame, unusable: pd.Series, settings: QualityParams) -> pd.DataFrame:
    """By sha256, of the photos whose reason is something measured: `evidence`, and `excess` (higher is clearer).

    Parameters
    ----------
    unusable : reason by sha256, from `quality.unusable` of the same table and settings.
    """
    table = fingerprints.set_index("sha256")
    found = [part for reason, bounds in _bounds(table, settings).items() for part in _of(bounds, unusable, reason)]
    rows = pd.DataFrame(found, columns=["sha256", "evidence", "excess"])
    # A photo can break both bounds of one reason.
    return rows.groupby("sha256", sort=True).agg({"evidence": "; ".join, "excess": "max"})


def _of(bounds: list[_Bound], unusable: pd.Series, reason: Reason) -> Iterator[tuple[str, str, float]]:
    names = unusable.index[unusable == str(reason)]
    for bound in bounds:
        values, excess = bound.measured.loc[names].to_numpy(float), bound.excess().loc[names].to_numpy(float)
        for name, value, beyond in zip(names, values, excess, strict=True):
            if beyond > 0:
                yield str(name), bound.told(float(value)), float(beyond)


def _bounds(table: pd.DataFrame, settings: QualityParams) -> dict[Reason, list[_Bound]]:
    """The bounds of each reason that `quality.unusable` asks for, by sha256."""
    short, long = table[["width", "height"]].min(axis=1), table[["width", "height"]].max(axis=1)
    darkest, brightest = settings.brightness
    return {
        Reason.TOO_SMALL: [_Bound("shorter side in pixels", short, settings.min_side, low=True)],
        Reason.EXTREME_ASPECT: [_Bound("longer side over shorter", long / short, settings.max_aspect, low=False)],
        Reason.TEXT_PAGE: [_Bound("share of text", table["text_share"], settings.max_text_share, low=False)],
        Reason.MOSTLY_BORDER: [_Bound("share of border", table["border_share"], settings.max_border_share, low=False)],
        Reason.TOO_DARK: [_Bound("brightness", table["brightness"], darkest, low=True)],
        Reason.TOO_BRIGHT: [_Bound("brightness", table["brightness"], brightest, low=False)],
        Reason.FLAT: [
            _Bound("contrast", table["contrast"], settings.min_contrast, low=True),
            _Bound("entropy", table["entropy"], settings.min_entropy, low=True),
            _Bound(
                "", table["border_share"].floordiv(1), 0.0, low=False, words="one colour, or bands of colours, all over"
            ),
        ],
        Reason.MONOCHROME: [_Bound("colourfulness", table["colourfulness"], settings.min_colourfulness, low=True)],
        Reason.COLLAGE: [_Bound("share of a seam", table["seam_share"], settings.max_seam_share, low=False)],
        Reason.BLURRED: [_Bound("sharpness", table["sharpness"], settings.min_sharpness, low=True)],
        Reason.NO_SKIN: [_Bound("share of skin colours", table["skin_share"], settings.min_skin_share, low=True)],
    }
