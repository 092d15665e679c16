import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lesionflow.errors import LesionflowError
from lesionflow.learn import selection, training
from lesionflow.learn.recipes import Recipe
from lesionflow.learn.training import Examples

LABELS = ["acne", "eczema", "naevus"]
RECIPE = Recipe(hidden=16, dropout=0.4, learning_rate=0.01, batch_size=8, max_epochs=12, patience=3)


def examples(count: int, seed: int, *, signal: float = 3.0) -> Examples:
    random = np.random.default_rng(seed)
    class_ids = np.arange(count) % 3
    noise = random.standard_normal((count, 6))
    noise[np.arange(count), class_ids] += signal
    return Examples(noise.astype(np.float32), class_ids)


def tensors(fit: training.Fit) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in fit.head.state_dict().values())


def test_separable_classes_are_learnt():
    fit = training.fit(examples(90, 0), examples(30, 1), LABELS, RECIPE, seed=0)
    assert fit.history["val_accuracy"].max() > 0.9
    assert list(fit.history.columns) == ["epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]


def test_the_best_epoch_is_kept_and_its_measures_are_those_of_the_history():
    val = examples(30, 1, signal=0.5)
    fit = training.fit(examples(60, 0, signal=0.5), val, LABELS, RECIPE, seed=0)
    row = fit.history.set_index("epoch").loc[fit.best_epoch]
    assert row["val_loss"] == fit.history["val_loss"].min()
    probabilities = fit.head.probabilities(val.features)
    # Cross-entropy: the mean of -ln p(truth).
    assert -np.log(probabilities[np.arange(30), val.class_ids]).mean() == pytest.approx(row["val_loss"], abs=1e-5)
    assert (probabilities.argmax(axis=1) == val.class_ids).mean() == pytest.approx(row["val_accuracy"])


def test_an_epoch_is_measured_on_every_so_many_training_photos(monkeypatch):
    monkeypatch.setattr(training, "MEASURED", 25)
    train = examples(60, 0, signal=0.5)
    fit = training.fit(train, examples(30, 1, signal=0.5), LABELS, RECIPE, seed=0)
    # 60 photos at most 25 of which are measured: every third, since every second would be 30.
    row, shown = fit.history.set_index("epoch").loc[fit.best_epoch], slice(None, None, 3)
    probabilities = fit.head.probabilities(train.features[shown])
    right = probabilities.argmax(axis=1) == train.class_ids[shown]
    assert right.mean() == pytest.approx(row["train_accuracy"])
    assert fit.signs["train_accuracy"] != round(right.mean(), 6)  # of all 60


def test_training_stops_when_patience_is_spent():
    # Labels without signal: fitting them makes validation worse after a few epochs.
    recipe = RECIPE.model_copy(update={"max_epochs": 200, "learning_rate": 0.05})
    fit = training.fit(examples(60, 0, signal=0), examples(30, 1, signal=0), LABELS, recipe, seed=0)
    assert len(fit.history) == fit.best_epoch + recipe.patience < 200


def test_an_equal_loss_is_no_better_one():
    # Steps too small to change a float32: every epoch has the loss of the first.
    recipe = RECIPE.model_copy(update={"learning_rate": 1e-30})
    fit = training.fit(examples(30, 0), examples(9, 1), LABELS, recipe, seed=0)
    assert (fit.best_epoch, len(fit.history)) == (1, 1 + recipe.patience)


def test_training_ends_at_max_epochs():
    recipe = RECIPE.model_copy(update={"max_epochs": 2})
    assert len(training.fit(examples(30, 0), examples(9, 1), LABELS, recipe, seed=0).history) == 2


# As wide and as many as real features are: smaller sums are not shared out among threads.
FIT = """
import hashlib, numpy as np, torch
from lesionflow.learn import recipes, training
random = np.random.default_rng(0)
def examples(count):
    class_ids = random.integers(0, 6, count)
    features = random.standard_normal((count, 1280)) + class_ids[:, None] * 0.05
    return training.Examples(features.astype(np.float32), class_ids)
recipe = recipes.Recipe(hidden=256, dropout=0.4, learning_rate=1e-4, batch_size=32, max_epochs=6, patience=5)
threads = torch.get_num_threads()
torch.manual_seed(threads)
made = training.fit(examples(2100), examples(450), list("abcdef"), recipe, seed=1)
digest = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in made.head.state_dict().values())).hexdigest()
print(torch.get_num_threads() - threads, digest)
"""


def test_one_seed_gives_one_head_whatever_the_threads_and_the_random_state():
    made = []
    for threads in ("1", "2"):
        path = {"PYTHONPATH": str(Path(training.__file__).parents[2])}
        environment = os.environ | path | {"OMP_NUM_THREADS": threads}
        run = subprocess.run([sys.executable, "-c", FIT], env=environment, capture_output=True, text=True, check=True)
        made.append(run.stdout.split())
    assert made[0] == made[1]
    assert made[0][0] == "0"  # the caller's number of threads is left as it was


def test_another_seed_gives_another_head():
    heads = [tensors(training.fit(examples(30, 0), examples(9, 1), LABELS, RECIPE, seed=seed)) for seed in (5, 5, 6)]
    assert heads[0] == heads[1] != heads[2]


def test_training_leaves_the_callers_random_stream_alone():
    torch.manual_seed(3)
    training.fit(examples(30, 0), examples(9, 1), LABELS, RECIPE, seed=0)
    after = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(1))


def test_one_photo_a_class_suffices():
    assert len(training.fit(examples(3, 0), examples(3, 1), LABELS, RECIPE, seed=0).history) >= 1


def test_identical_features_give_the_class_shares():
    same = Examples(np.ones((40, 6), dtype=np.float32), np.array([0] * 30 + [1] * 5 + [2] * 5))
    recipe = RECIPE.model_copy(update={"max_epochs": 60, "patience": 60})
    probabilities = training.fit(same, same, LABELS, recipe, seed=0).head.probabilities(same.features[:1])
    np.testing.assert_allclose(probabilities, [[0.75, 0.125, 0.125]], atol=0.05)


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_class_missing_from_train_or_val_is_named(part):
    whole, partial = examples(30, 0), Examples(*(column[examples(30, 0).class_ids != 1] for column in examples(30, 0)))
    parts = {"train": whole, "val": whole, part: partial}
    with pytest.raises(LesionflowError) as raised:
        training.fit(parts["train"], parts["val"], LABELS, RECIPE, seed=0)
    assert str(raised.value).startswith(
        f"split {part}\n  got:      no photo of eczema\n  expected: every kept class in train and val\n"
    )


@pytest.mark.parametrize(("part", "name"), [("train", "training"), ("val", "val")])
def test_a_loss_that_is_not_finite_stops_training(part, name):
    broken = examples(30, 0)
    broken.features[4, 2] = np.nan
    parts = {"train": examples(30, 1), "val": examples(30, 1), part: broken}
    with pytest.raises(LesionflowError) as raised:
        training.fit(parts["train"], parts["val"], LABELS, RECIPE, seed=0)
    assert str(raised.value).startswith(f"head: the {name} loss is not finite\n  got:      nan\n")


TUNED = RECIPE.model_copy(
    update={
        "standardise": True,
        "weight_decay": 0.01,
        "schedule": "cosine",
        "label_smoothing": 0.1,
        "seeds": 3,
        "taus": (0.0, 0.5, 1.0, 1.5),
    }
)


def rare(seed: int, counts: tuple[int, ...], *, signal: float = 1.0) -> Examples:
    """Classes of these many photos, whose features overlap."""
    random = np.random.default_rng(seed)
    class_ids = np.repeat(np.arange(len(counts)), counts)
    noise = random.standard_normal((len(class_ids), 6))
    noise[np.arange(len(class_ids)), class_ids] += signal
    return Examples(noise.astype(np.float32), class_ids)


def recalls(fit: training.Fit, test: Examples) -> np.ndarray:
    hits = fit.head.probabilities(test.features).argmax(axis=1) == test.class_ids
    return np.array([hits[test.class_ids == class_id].mean() for class_id in range(3)])


@pytest.mark.parametrize(
    "change",
    [{"taus": TUNED.taus, "trade": 1.0}, {"weight_power": 1.0}, {"train_tau": 1.0}],
    ids=lambda one: next(iter(one)),
)
def test_each_balancing_finds_more_of_the_rare_class(change):
    train, val, test = rare(0, (300, 60, 20)), rare(1, (100, 20, 10)), rare(2, (200, 200, 200))
    plain = training.fit(train, val, LABELS, RECIPE, seed=0)
    balanced = training.fit(train, val, LABELS, RECIPE.model_copy(update=change), seed=0)
    assert recalls(balanced, test)[2] > recalls(plain, test)[2]
    assert recalls(balanced, test).mean() > recalls(plain, test).mean()


def test_features_on_another_scale_and_place_give_the_same_standardised_head():
    train, val = examples(60, 0), examples(30, 1)
    moved = [Examples(part.features * 4 + 32, part.class_ids) for part in (train, val)]  # exact in floats but for noise
    one, two = training.fit(train, val, LABELS, TUNED, seed=0), training.fit(*moved, LABELS, TUNED, seed=0)
    expected = one.head.probabilities(val.features)
    np.testing.assert_allclose(two.head.probabilities(moved[1].features), expected, atol=1e-3)


def test_a_feature_that_never_changes_says_nothing_and_breaks_nothing():
    train, val = examples(60, 0), examples(30, 1)
    train.features[:, 5] = val.features[:, 5] = 7.0
    head = training.fit(train, val, LABELS, TUNED, seed=0).head
    changed = val.features.copy()
    assert (head.mean[5].item(), head.scale[5].item()) == (7.0, 1.0)
    assert np.isfinite(head.probabilities(changed)).all()


def test_several_seeds_are_averaged_in_log_probabilities():
    fit = training.fit(examples(60, 0, signal=1), examples(30, 1, signal=1), LABELS, TUNED, seed=0)
    features = torch.from_numpy(examples(5, 2).features)
    with torch.inference_mode():
        parts = [member(fit.head.standardised(features)).log_softmax(dim=1) for member in fit.head.members]
        joined = fit.head(features)
    assert len({tuple(part.flatten().tolist()) for part in parts}) == 3
    torch.testing.assert_close(joined, sum(parts) / 3 + fit.head.offset)


def test_the_offset_is_the_chosen_adjustment_and_the_score_is_validations():
    train, val = rare(0, (300, 60, 20)), rare(1, (100, 20, 10))
    fit = training.fit(train, val, LABELS, TUNED, seed=0)
    prior = np.log(np.array([300, 60, 20]) / 380)
    np.testing.assert_allclose(fit.head.offset, -fit.tau * prior, rtol=1e-5)
    predicted = fit.head.probabilities(val.features).argmax(axis=1)
    assert fit.val_score == pytest.approx(selection.score(val.class_ids, predicted, 3, trade=TUNED.trade), abs=1e-6)
    assert fit.card()["tau"] == fit.tau > 0


def test_a_discriminant_stands_beside_the_same_members():
    train, val = rare(0, (300, 60, 20)), rare(1, (100, 20, 10))
    plain, more = (
        training.fit(train, val, LABELS, TUNED.model_copy(update={"discriminant": one}), seed=0) for one in (None, 0.5)
    )
    assert plain.head.discriminant is None
    assert more.head.discriminant is not None
    both = zip(plain.head.members.state_dict().values(), more.head.members.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in both)


def test_an_epoch_can_be_kept_for_its_score():
    train, val = rare(0, (300, 60, 20)), rare(1, (100, 20, 10))
    every = {"seeds": 1, "patience": TUNED.max_epochs}  # or the two would not choose among the same epochs
    by = {
        keep: training.fit(train, val, LABELS, TUNED.model_copy(update={"keep": keep, **every}), seed=0)
        for keep in ("val_loss", "val_score")
    }
    assert by["val_score"].val_score >= by["val_loss"].val_score


def test_a_tuned_head_repeats_itself_and_the_unset_settings_are_the_studys():
    made = [tensors(training.fit(examples(60, 0), examples(30, 1), LABELS, TUNED, seed=4)) for _ in range(2)]
    assert made[0] == made[1]
    plain = training.fit(examples(60, 0), examples(30, 1), LABELS, RECIPE, seed=4)
    assert (plain.tau, plain.head.mean.any().item(), plain.head.offset.any().item()) == (0.0, False, False)
    assert torch.equal(plain.head.scale, torch.ones(6))


def test_a_memorised_training_set_and_a_collapsed_class_are_flagged():
    # Without signal, a head with room enough learns its few photos by heart and validation by nothing.
    recipe = RECIPE.model_copy(
        update={"hidden": 256, "dropout": 0.0, "learning_rate": 0.05, "max_epochs": 10, "patience": 10}
    )
    fit = training.fit(examples(30, 0, signal=0), examples(30, 1, signal=0), LABELS, recipe, seed=0)
    assert fit.history["train_accuracy"].max() >= 0.95
    assert set(fit.signs) == {"train_accuracy", "val_accuracy", "train_val_gap", "memorising", "collapsed"}
    few = training.fit(rare(0, (300, 60, 2), signal=0), rare(1, (90, 20, 5), signal=0), LABELS, RECIPE, seed=0)
    assert few.signs["collapsed"] == ["eczema", "naevus"]
