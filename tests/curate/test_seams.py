import numpy as np
import pytest

from lesionflow.curate import seams
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue


@pytest.fixture(scope="module")
def photos():
    """Two drawn photos without a ruler, 192 x 256 grey levels each."""
    subjects = [subject for subject in catalogue(SMALL, 7) if "ruler" not in subject.artefacts]
    return [np.asarray(drawing.draw(subject, 7)[0].convert("L")) for subject in (subjects[0], subjects[-1])]


def test_a_step_in_every_row_is_a_whole_seam():
    levels = np.full((60, 80), 100, dtype=np.uint8)
    levels[:, 40:] = 140
    assert seams.seam_share(levels) == 1


def test_a_step_in_a_quarter_of_the_rows_is_a_quarter_of_a_seam():
    levels = np.full((60, 80), 100, dtype=np.uint8)
    levels[:15, 40:] = 140
    # The other line that stands out is the lower edge of the patch, over 40 of 80 columns: of every third, 13 of 27.
    assert seams.seam_share(levels) == pytest.approx(13 / 27)
    assert seams._stands_out(levels[:, 2:], levels[:, :-2], (11, 1), axis=0) == pytest.approx(15 / 60)


@pytest.mark.parametrize("gutter", [0, 4, 12])
@pytest.mark.parametrize("axis", [0, 1])
def test_photos_side_by_side_or_above_each_other_have_a_seam(photos, axis, gutter):
    between = np.full((192, gutter) if axis else (gutter, 256), 255, dtype=np.uint8)
    assert seams.seam_share(np.concatenate([photos[0], between, photos[1]], axis=axis)) > 0.5


def test_one_photo_has_none(photos):
    assert max(map(seams.seam_share, photos)) < 0.3


def test_a_step_near_the_edge_divides_nothing():
    # At 10 % of the width, within the margin of 15 %.
    levels = np.full((60, 100), 100, dtype=np.uint8)
    levels[:, :10] = 200
    assert seams.seam_share(levels) == 0


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 900), (39, 200)])
def test_a_narrow_picture_has_none(shape):
    assert seams.seam_share(np.zeros(shape, dtype=np.uint8)) == 0
