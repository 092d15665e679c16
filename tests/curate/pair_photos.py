"""Drawn photos as the rooms that look for near-duplicates see them."""

from functools import lru_cache

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from lesionflow.curate import evidence, fingerprint, local_features
from lesionflow.curate.codebook import DIMENSIONS
from lesionflow.curate.registration import Local
from lesionflow.curate.settings import CandidatesParams, DuplicatesParams
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue

SEARCH = CandidatesParams(hash_distance=8, neighbours=20, min_word_score=0)
DUPLICATE = DuplicatesParams(
    min_inliers=6, min_agreement=0.75, min_frame_agreement=0.85, min_overlap=0.25, min_containment=0.975
)
NO_GROUPS = pd.Series(dtype=object)
MIRRORED_THEN = [None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270]


@lru_cache(maxsize=32)
def drawn(number):
    """A photo of 256 x 192 pixels; different numbers show different lesions of different patients."""
    return drawing.draw(catalogue(SMALL, 7)[9 * number], 7)[0]


def turned(picture, mirrored, turn):
    """Mirrored left to right first, then rotated by quarter turns, counter-clockwise."""
    picture = ImageOps.mirror(picture) if mirrored else picture
    return picture.transpose(MIRRORED_THEN[turn]) if turn else picture


def local(picture):
    """What evidence sees of a picture."""
    row = local_features.describe(picture)
    return Local.of(*(row[name] for name in evidence.SEEN))


def frame(width, height, view=None):
    """A photo without keypoints."""
    view = np.zeros((4, 4), dtype=np.uint8) if view is None else view
    return Local(width, height, np.empty((0, 2), np.float32), np.empty((0, DIMENSIONS), np.int8), view)


def tables(pictures):
    """Tables fingerprints and local_features of pictures by name."""
    seen = {name: picture.convert("RGB") for name, picture in pictures.items()}
    prints = [{"sha256": name} | fingerprint.fingerprint(picture) for name, picture in seen.items()]
    features = [{"sha256": name} | local_features.describe(picture) for name, picture in seen.items()]
    return pd.DataFrame(prints), pd.DataFrame(features)
