import numpy as np
import pytest
from PIL import Image, ImageDraw

from lesionflow import seeding
from lesionflow.curate import strokes
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue

LINES = "the quick brown fox jumps over it"


def written(page, ink, size=(225, 225), first=8, last=217):
    picture = Image.new("L", size, page)
    pen = ImageDraw.Draw(picture)
    for y in range(first, last - 10, 13):
        pen.text((8, y), LINES, fill=ink)
    return np.asarray(picture)


@pytest.mark.parametrize(("page", "ink"), [(255, 0), (235, 60), (20, 230)])
def test_a_page_of_text_is_text_whether_dark_on_light_or_light_on_dark(page, ink):
    assert strokes.strokes(written(page, ink))["text_share"] > 0.6


def test_blank_paper_does_not_thin_the_text_out():
    # Two lines above much blank paper: the share is of the tiles that show anything.
    assert strokes.strokes(written(255, 0, last=40))["text_share"] > 0.5


def test_photos_of_skin_are_not_text_whatever_lies_over_them():
    subjects = [subject for subject in catalogue(SMALL, 7) if {"hair", "text"} & set(subject.artefacts)]
    shares = [strokes.strokes(np.asarray(drawing.draw(s, 7)[0].convert("L")))["text_share"] for s in subjects]
    assert len(shares) > 20
    assert max(shares) < 0.25


def test_an_even_picture_shows_nothing():
    assert strokes.strokes(np.full((60, 60), 200, dtype=np.uint8)) == {"text_share": 0, "watermark_score": 0}


def test_tiles_with_much_ink_on_an_even_page_are_text_by_hand():
    # 30 x 30 pixels are four tiles of 225 pixels. Ink of 15 pixels is 15/225 = 0.067 >= 0.06: text; of 12, 0.053: not.
    # The third has ink on a page of two levels, which is no even one. The fourth shows nothing: one of three is text.
    ink, page = np.zeros((30, 30), dtype=np.uint8), np.full((30, 30), 200, dtype=np.uint8)
    ink[0, :15] = ink[0, 15:27] = ink[15, :15] = 61
    page[15:22, :15] = 150
    assert strokes._text_share(ink, page) == pytest.approx(1 / 3)


def test_writing_scores_above_an_unmarked_photo():
    rng = seeding.generator(1, "grain")
    plain = np.clip(rng.normal(150, 6, (225, 300)), 0, 255).astype(np.uint8)
    marked = Image.fromarray(plain)
    ImageDraw.Draw(marked).text((60, 200), "www.example.org", fill=255)
    scores = [strokes.strokes(np.asarray(picture))["watermark_score"] for picture in (plain, marked)]
    assert scores[0] < 0.05 < 0.2 < scores[1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (14, 14)])
def test_a_picture_smaller_than_a_tile_has_no_text(shape):
    levels = np.zeros(shape, dtype=np.uint8)
    assert strokes.strokes(levels) == {"text_share": 0, "watermark_score": 0}
