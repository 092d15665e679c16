from dataclasses import replace

import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report import gallery, inputs


@pytest.fixture
def model(root):
    return inputs.read(root / "outputs", root / "reports", ["first-study"]).models[0]


def test_only_named_pictures_are_copied_and_old_ones_leave(root, model):
    explained, assets = root / "outputs/explain", root / "reports/assets"
    (explained / "first-study/unnamed.jpg").write_bytes(b"x")
    (assets / "removed").mkdir(parents=True)
    gallery.copy([model], explained, assets)
    copied = sorted(path.relative_to(assets).as_posix() for path in assets.rglob("*"))
    assert copied == ["first-study", *(f"first-study/{name}.jpg" for name in ("r-map", "r", "w-map", "w"))]
    assert (assets / "first-study/r.jpg").read_bytes() == (explained / "first-study/r.jpg").read_bytes()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/b.jpg", "..", "", "a\\b.jpg"])
def test_picture_outside_its_folder_is_refused(root, model, name):
    item = {**model.gallery["items"][0], "photo": name}
    hostile = replace(model, gallery={**model.gallery, "items": [item]})
    with pytest.raises(LesionflowError, match="expected: a plain file name"):
        gallery.copy([hostile], root / "outputs/explain", root / "reports/assets")
    assert not (root / "reports/assets").exists()


def test_missing_picture_is_named_and_earlier_assets_stay(root, model):
    gallery.copy([model], root / "outputs/explain", root / "reports/assets")
    (root / "outputs/explain/first-study/w.jpg").unlink()
    with pytest.raises(LesionflowError) as caught:
        gallery.copy([model], root / "outputs/explain", root / "reports/assets")
    assert str(caught.value) == (
        f"{root}/outputs/explain/first-study/w.jpg: no such picture\n"
        "  to do:    Run `dvc repro -f explain@first-study`."
    )
    assert (root / "reports/assets/first-study/w.jpg").exists()
