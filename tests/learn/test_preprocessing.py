import io

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from timm.data.transforms_factory import create_transform
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

from lesionflow.learn.preprocessing import Preprocess

CONFIG = {"input_size": (3, 96, 96), "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def transform(**changes):
    return create_transform(**CONFIG, **changes, is_training=False)


def picture(width, height):
    coarse = np.random.default_rng(width * 1000 + height).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@given(
    st.integers(20, 400),
    st.integers(20, 400),
    st.sampled_from(["bicubic", "bilinear"]),
    st.sampled_from([0.5, 0.875, 0.95, 1.0]),
)
def test_values_are_timms(width, height, interpolation, share):
    timms = transform(interpolation=interpolation, crop_pct=share)
    difference = (Preprocess(timms)(picture(width, height)) - timms(picture(width, height))).abs()
    assert difference.shape == (3, 96, 96)
    # Two levels of 255 (twice rounded), in units of the smallest deviation; and on average less than a tenth of one.
    assert difference.max() <= 2.01 / 255 / 0.224
    assert difference.mean() < 0.1 / 255 / 0.229


def test_squashed_photos_are_timms_but_for_rounding():
    timms = transform(crop_mode="squash", crop_pct=0.9)
    difference = (Preprocess(timms)(picture(120, 80)) - timms(picture(120, 80))).abs()
    assert difference.max() <= 1.01 / 255 / 0.224


def test_steps_that_torch_does_not_know_are_timms_to_the_bit():
    timms = transform(crop_mode="border", crop_pct=0.9)  # fills the frame with a colour where the photo ends
    assert torch.equal(Preprocess(timms)(picture(120, 80)), timms(picture(120, 80)))


def test_a_mode_in_which_torch_resizes_otherwise_is_timms_to_the_bit():
    timms = transform(interpolation="lanczos", crop_pct=0.9)
    assert torch.equal(Preprocess(timms)(picture(120, 80)), timms(picture(120, 80)))


def test_a_batch_of_pixels_becomes_the_numbers_of_each_photo():
    made = Preprocess(transform())
    photos = [picture(120, 80), picture(80, 120)]
    pixels = torch.stack([made.pixels(one) for one in photos])
    assert pixels.dtype == torch.uint8
    before = pixels.clone()
    assert torch.equal(made.numbers(pixels), torch.stack([made(one) for one in photos]))
    assert torch.equal(pixels, before)


@pytest.mark.parametrize(
    ("form", "first", "size"),
    [
        # A zoomed view is of half the shorter side. Of 640 pixels, 1/4 is 160 and 1/8 is 80.
        ("JPEG", Resize(80), (200, 160)),
        ("JPEG", Resize([81]), (400, 320)),
        ("JPEG", Resize((30, 40)), (100, 80)),
        ("JPEG", Resize(1), (100, 80)),
        ("JPEG", Resize(321), (800, 640)),
        ("JPEG", CenterCrop(40), (800, 640)),
        ("PNG", Resize(40), (800, 640)),
    ],
)
def test_a_large_jpeg_is_decoded_no_smaller_than_its_zoomed_view_needs(form, first, size):
    stream = io.BytesIO()
    Image.effect_noise((800, 640), 20).convert("RGB").save(stream, form)
    made = Preprocess(Compose([first, ToTensor(), Normalize([0.5] * 3, [0.5] * 3)]))
    assert made.decoded(stream.getvalue()).size == size


def test_a_transform_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="a transform of another kind"):
        Preprocess(Compose([ToTensor(), ToTensor()]))


@given(st.integers(20, 300), st.integers(20, 300))
def test_pixels_where_pillow_keeps_them_are_those_of_a_copy(width, height):
    made = Preprocess(transform(crop_pct=0.9))
    photo = picture(width, height)
    copied = torch.from_numpy(np.array(photo)).permute(2, 0, 1)
    assert torch.equal(made.pixels(photo), made.of_bytes(copied))
    assert torch.equal(torch.from_numpy(np.array(photo)).permute(2, 0, 1), copied)  # and the photo is untouched


def test_a_photo_in_several_pieces_of_memory_gives_the_same_pixels():
    photo = picture(3000, 2500)  # 30 MB of four bytes a pixel, beyond Pillow's pieces of 16 MB
    with pytest.raises(ValueError, match="not contiguous"):
        pa.array(photo)
    made = Preprocess(transform(crop_pct=0.9))
    assert torch.equal(made.pixels(photo), made.of_bytes(torch.from_numpy(np.array(photo)).permute(2, 0, 1)))
