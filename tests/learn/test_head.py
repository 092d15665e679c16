import json

import numpy as np
import pytest
import torch

from lesionflow.errors import LesionflowError
from lesionflow.learn import head
from lesionflow.learn.head import Head

CARD = {"labels": ["a", "b", "c"], "width": 5, "hidden": 4, "dropout": 0.4, "weights_sha256": "00"}


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    made = Head(5, 4, 3, 0.4)
    head.save(made, tmp_path / "head", CARD)
    return made, tmp_path / "head"


def test_head_is_the_studys():
    kinds = [type(layer).__name__ for layer in Head(5, 4, 3, 0.4).members[0]]
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear"]


def test_saved_head_gives_the_same_probabilities(saved):
    made, folder = saved
    loaded, card = head.load(folder)
    features = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    assert np.array_equal(loaded.probabilities(features), made.probabilities(features))
    assert card == CARD
    assert not loaded.training


def test_a_discriminant_counts_as_much_as_all_members():
    torch.manual_seed(0)
    made = Head(5, 4, 3, 0.4, members=3, discriminant=True).eval()
    inputs = torch.rand(6, 5)
    with torch.inference_mode():
        members = torch.stack([one(inputs).log_softmax(dim=1) for one in made.members]).mean(dim=0)
        expected = members.log_softmax(dim=1) / 2 + made.discriminant(inputs).log_softmax(dim=1) / 2
        torch.testing.assert_close(made(inputs), expected)


def test_a_head_with_a_discriminant_is_saved_and_loaded(tmp_path):
    made = Head(5, 4, 3, 0.4, discriminant=True)
    head.save(made, tmp_path / "head", CARD | {"discriminant": 0.65})
    loaded, _ = head.load(tmp_path / "head")
    features = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    assert np.array_equal(loaded.probabilities(features), made.probabilities(features))


def test_roots_keep_their_sign_and_a_gradient_that_ends():
    # sqrt(0.99 + 0.01) - sqrt(0.01) = 0.9
    inputs = torch.tensor([-0.99, 0.0, 0.99], requires_grad=True)
    found = head.roots(inputs)
    torch.testing.assert_close(found.detach(), torch.tensor([-0.9, 0.0, 0.9]))
    found.sum().backward()
    assert inputs.grad.isfinite().all()


def test_probabilities_sum_to_one_and_do_not_overflow(saved):
    made, _ = saved
    rows = made.probabilities(np.float32([[1e4] * 5, [-1e4] * 5, [0] * 5]))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)


def test_softmax_of_known_logits():
    # exp(0) : exp(ln 3) = 1 : 3
    np.testing.assert_allclose(head.softmax(torch.tensor([[0.0, np.log(3)]])), [[0.25, 0.75]], atol=1e-7)


def test_the_same_head_gives_the_same_bytes(saved, tmp_path):
    made, folder = saved
    head.save(made, tmp_path / "again", CARD)
    for name in ("head.safetensors", "head.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_no_head_is_told(tmp_path):
    with pytest.raises(LesionflowError, match=r"(?s)nowhere: no trained head.*dvc repro train"):
        head.load(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"junk" * 9])
def test_a_damaged_head_is_told(saved, content):
    (saved[1] / "head.safetensors").write_bytes(content)
    with pytest.raises(LesionflowError, match="no trained head"):
        head.load(saved[1])


def test_tensors_that_do_not_fit_the_card_are_named(saved):
    (saved[1] / "head.json").write_text(json.dumps(CARD | {"hidden": 8}))
    with pytest.raises(LesionflowError, match=r"(?s)head\.safetensors.*members\.0\.0\.weight.*\[4, 5\].*\[8, 5\]"):
        head.load(saved[1])


def test_a_card_that_lacks_something_is_told(saved):
    (saved[1] / "head.json").write_text(json.dumps({"labels": [], "width": 5, "hidden": 4}))
    with pytest.raises(LesionflowError, match=r"head\.json\n  got:      no dropout, weights_sha256"):
        head.load(saved[1])
