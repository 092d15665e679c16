"""Perceptual hashes: pHash of a picture, of its seven turned and mirrored variants, and of what a border frames."""

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import fft

TURNS = (
    "rotated 90",
    "rotated 180",
    "rotated 270",
    "mirrored",
    "mirrored, rotated 90",
    "mirrored, rotated 180",
    "mirrored, rotated 270",
)
"""The variants in `phash_turned`, in its order: mirrored left to right first, then rotated counter-clockwise."""
DIGITS = 16
"""Hexadecimal digits of one hash of 64 bits."""
SIDE, KEPT = 32, 8
"""imagehash takes the 8 x 8 lowest frequencies of 32 x 32 grey levels."""
COSINES = fft.dct(np.eye(SIDE), axis=0)[:KEPT]
SIGNS = np.where(np.arange(KEPT) % 2, -1.0, 1.0)
Spectrum = npt.NDArray[np.float64]


def hashes(grey: Image.Image, content: tuple[int, int, int, int]) -> dict[str, str]:
    """`phash`, `phash_turned` and `phash_trimmed` of table fingerprints.

    Parameters
    ----------
    grey : the picture, mode L.
    content : left, top, right and bottom of what is left when the border is trimmed off, pixels (see
        `borders.content_box`); when it is the whole picture or nothing, `phash_trimmed` is `phash`.
    """
    small = _reduced(grey)
    phash = str(imagehash.phash(small))
    left, top, right, bottom = content
    framed = left < right and top < bottom and (right - left, bottom - top) != grey.size
    trimmed = str(imagehash.phash(_reduced(grey.crop(content)))) if framed else phash
    return {"phash": phash, "phash_turned": turned(np.asarray(small, dtype=float)), "phash_trimmed": trimmed}


def _reduced(grey: Image.Image) -> Image.Image:
    """As imagehash reduces it, once for all hashes."""
    return grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def turned(levels: npt.NDArray[np.float64]) -> str:
    """The pHashes of the variants of 32 x 32 grey levels in the order of TURNS, 7 x 16 hexadecimal digits.

    A cosine transform need not be taken anew for each: mirroring a picture changes the sign of its odd frequencies
    along that axis, and transposing it transposes them.
    """
    straight = COSINES @ levels @ COSINES.T
    mirrored = straight * SIGNS
    variants = [variant for first in (straight, mirrored) for variant in _rotations(first)][1:]
    low = np.stack(variants).reshape(len(TURNS), -1)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(bits).tobytes().hex()


def _rotations(spectrum: Spectrum) -> list[Spectrum]:
    """Spectra of the picture rotated by 0, 90, 180 and 270 degrees, counter-clockwise."""
    down = SIGNS[:, None]
    return [spectrum, down * spectrum.T, down * spectrum * SIGNS, spectrum.T * SIGNS]
