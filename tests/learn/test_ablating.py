import numpy as np
import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.learn import ablating, ablation_network, finetuning, pixels, subsets, training
from lesionflow.learn.ablation_network import NetworkParams
from lesionflow.learn.finetune_settings import FinetuneParams, How
from lesionflow.learn.recipes import Recipe
from tests.learn.coloured_photos import LABELS, SIZE, photos

RECIPE = Recipe(hidden=16, dropout=0.2, learning_rate=0.001, batch_size=8, max_epochs=4, patience=4)
HOW = How(rate=0.003, head_rate=0.01)
SETTINGS = FinetuneParams(
    batch_size=8,
    max_epochs=2,
    min_steps=0,
    patience=2,
    warmup=0.0,
    weight_decay=0.0,
    clip=1.0,
    flips=False,
    norm_from=99,
)
PARTS = ["train"] * 30 + ["val"] * 12 + ["test"] * 12


@pytest.fixture
def backbone(make_params):
    settings = make_params("test_efficientnet.r160_in1k")
    return ablation_network.load(NetworkParams(model="tiny", input_size=SIZE), settings)


@pytest.fixture
def data(backbone):
    seen = photos(len(PARTS), 0)
    rows = {"sha256": [f"{place:064x}" for place in seen.rows], "class_id": seen.class_ids, "split": PARTS}
    split = pd.DataFrame(rows).assign(group=lambda frame: frame["sha256"])
    return ablating.Data(split, LABELS, seen.pixels, pixels.features(backbone, seen.pixels, batch_size=8))


@pytest.fixture
def run(backbone, tmp_path):
    return ablating.Run(backbone, RECIPE, SETTINGS, tmp_path / "checkpoints")


def test_the_network_takes_the_size_asked_for(backbone, make_params):
    assert backbone.input_size == SIZE
    usual = ablation_network.load(NetworkParams(model="tiny"), make_params("test_efficientnet.r160_in1k"))
    assert usual.input_size == 160


def test_frozen_is_the_recipe_on_the_features_of_the_subset(run, data):
    made = run.cell(data, "frozen", How(rate=0.0), share=0.5, seed=3)
    taken = subsets.of_training(data.split, share=0.5, seed=3)
    fit = training.fit(data.examples(taken), data.examples(data.part("val")), LABELS, RECIPE, seed=3)
    assert np.array_equal(made.probabilities, fit.head.probabilities(data.features[30:]))
    # 30 photos of three classes, each in a group of its own: a half of each class's ten.
    assert made.told == {"photos": 15, "groups": 15, "best_epoch": fit.best_epoch, "epochs": len(fit.history)}


@pytest.mark.parametrize("strategy", ["full", "last", "lora"])
def test_a_cell_predicts_validation_and_test_and_leaves_no_checkpoint(run, data, strategy):
    made = run.cell(data, strategy, HOW, share=1.0, seed=0)
    assert list(made.rows["split"]) == PARTS[30:]
    assert made.probabilities.shape == (24, 3)
    assert (made.told["photos"], made.told["epochs"]) == (30, 2)
    assert list(run.checkpoints.iterdir()) == []


def test_lp_ft_starts_where_frozen_ends(run, data):
    # Steps too small to change a float32: what is predicted is what frozen predicts, but for rounding.
    still = How(rate=1e-30, head_rate=1e-30)
    frozen = run.cell(data, "frozen", How(rate=0.0), share=1.0, seed=0)
    made = run.cell(data, "lp_ft", still, share=1.0, seed=0)
    assert made.told["best_epoch"] == 0
    np.testing.assert_allclose(made.probabilities, frozen.probabilities, atol=1e-4)


def test_a_killed_cell_goes_on_with_its_own_state_alone(run, data, monkeypatch):
    whole = run.cell(data, "full", HOW, share=1.0, seed=0)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(finetuning, "probabilities", killed)
        with pytest.raises(KeyboardInterrupt):
            run.cell(data, "full", HOW, share=1.0, seed=0)
    assert len(list(run.checkpoints.iterdir())) == 1
    trained = []
    epoch = finetuning._Run.epoch
    monkeypatch.setattr(finetuning._Run, "epoch", lambda *given: trained.append(1) or epoch(*given))
    other = run.cell(data, "full", HOW, share=1.0, seed=1)
    assert len(trained) == 2  # another seed takes nothing up
    again = run.cell(data, "full", HOW, share=1.0, seed=0)
    assert len(trained) == 2  # both epochs were there
    assert np.array_equal(again.probabilities, whole.probabilities)
    assert not np.array_equal(other.probabilities, whole.probabilities)


def test_an_unknown_strategy_is_refused(run, data):
    with pytest.raises(LesionflowError, match="strategy 'half'"):
        run.cell(data, "half", HOW, share=1.0, seed=0)
