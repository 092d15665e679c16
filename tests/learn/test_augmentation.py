import torch

from lesionflow.learn import augmentation

# 0 1 / 2 3 in each channel.
PHOTO = torch.arange(4, dtype=torch.uint8).reshape(1, 1, 2, 2).repeat(1, 3, 1, 1)


def flipped(name: str, epoch: int = 1, seed: int = 0) -> tuple[int, ...]:
    return tuple(augmentation.flipped(PHOTO, [name], epoch=epoch, seed=seed)[0, 0].flatten().tolist())


def test_a_photo_is_seen_in_its_four_mirror_images_about_equally_often():
    seen = [flipped(f"photo{place}") for place in range(400)]
    # As it is, left to right, upside down, and both; a quarter each of 400, give or take 5 deviations of 8.7.
    counts = {image: seen.count(image) for image in ((0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0))}
    assert sum(counts.values()) == 400
    assert all(abs(count - 100) < 44 for count in counts.values())


def test_the_draw_depends_on_photo_epoch_and_seed_and_not_on_the_batch():
    names = [f"photo{place}" for place in range(20)]
    together = augmentation.flipped(PHOTO.expand(20, 3, 2, 2), names, epoch=1, seed=0)
    assert [tuple(one[0].flatten().tolist()) for one in together] == [flipped(name) for name in names]
    assert [flipped(name, epoch=2) for name in names] != [flipped(name) for name in names]
    assert [flipped(name, seed=1) for name in names] != [flipped(name) for name in names]
