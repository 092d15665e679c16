"""Which photos cannot be used, by their fingerprints."""

import numpy as np
import pandas as pd

from lesionflow.curate.reasons import Reason
from lesionflow.curate.settings import QualityParams


def unusable(fingerprints: pd.DataFrame, settings: QualityParams) -> pd.Series:
    """The first reason why each photo cannot be used, by sha256; usable photos are left out."""
    table = fingerprints
    short, long = table[["width", "height"]].min(axis=1), table[["width", "height"]].max(axis=1)
    darkest, brightest = settings.brightness
    all_even = table["border_share"] == 1  # nothing is framed: black, white, one colour, or bands of colours
    rules = {
        Reason.UNREADABLE: ~table["readable"].astype(bool),
        Reason.TOO_SMALL: short < settings.min_side,
        Reason.EXTREME_ASPECT: long > settings.max_aspect * short,
        Reason.TEXT_PAGE: table["text_share"] > settings.max_text_share,
        Reason.MOSTLY_BORDER: (table["border_share"] > settings.max_border_share) & ~all_even,
        Reason.TOO_DARK: table["brightness"] < darkest,
        Reason.TOO_BRIGHT: table["brightness"] > brightest,
        Reason.FLAT: (table["contrast"] < settings.min_contrast) | (table["entropy"] < settings.min_entropy) | all_even,
        Reason.MONOCHROME: table["colourfulness"] < settings.min_colourfulness,
        Reason.COLLAGE: table["seam_share"] > settings.max_seam_share,
        Reason.BLURRED: table["sharpness"] < settings.min_sharpness,
        Reason.NO_SKIN: table["skin_share"] < settings.min_skin_share,
    }
    first = np.select(list(rules.values()), [str(reason) for reason in rules], default="")
    reasons = pd.Series(first, index=table["sha256"], dtype=object)
    return reasons[reasons != ""]
