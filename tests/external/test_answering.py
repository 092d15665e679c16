import numpy as np
import pandas as pd
import pytest
import torch

from lesionflow import tables
from lesionflow.evaluate import predictions
from lesionflow.external import answering
from lesionflow.learn import joining
from lesionflow.learn.head import Head
from lesionflow.params import Joined

LABELS = ["x", "y"]
CARD = {"labels": LABELS, "views": ["full"], "flips": False, "tau": 0.5, "class_photos": {"x": 3, "y": 1}}
WIDTH = 3


def split(part, names):
    frame = pd.DataFrame({"sha256": names, "split": part, "group": names})
    frame["class_id"] = np.arange(len(names)) % 2
    return frame.assign(label=[LABELS[one] for one in frame["class_id"]])


def features(names, rows):
    return pd.DataFrame({"sha256": names, "view": "full", "key": "k", "features": list(np.float32(rows))})


OWN = pd.concat([split("train", list("abcd")), split("val", list("ef"))], ignore_index=True)
NEW = split("external", list("stuv"))
VECTORS = np.random.default_rng(1).normal(size=(6, WIDTH))
# Elsewhere the first four photos as another camera sees them: each feature scaled and moved.
SEEN = VECTORS[:4] * [2, 3, 0.5] + [10, -4, 1]


def head(seed, width=WIDTH):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Head(width, 4, 2, 0.0).eval()


def answered(seed=1, name="lite0-study", card=CARD, told=None, width=WIDTH):
    made = head(seed, width)
    own = predictions.table(OWN, head(seed).probabilities(np.float32(VECTORS)), LABELS, model=name)
    card = card | {"model": name}
    sides = (OWN, features(OWN["sha256"], VECTORS)), (NEW, features(NEW["sha256"], SEEN))
    given = tables.TRAITS.empty() if told is None else told
    return made, card, answering.of_head(made, card, own, *sides, given)


def test_a_head_is_asked_unchanged_and_after_its_features_were_matched():
    made, _, answers = answered()
    unchanged, class_id = predictions.arrays(answers.external, LABELS)
    assert unchanged == pytest.approx(made.probabilities(np.float32(SEEN)), abs=1e-6)
    assert class_id.tolist() == [0, 1, 0, 1]
    # The other camera is undone: all training photos are here, and no other.
    assert answers.matched == pytest.approx(made.probabilities(np.float32(VECTORS[:4])), abs=1e-5)
    assert answers.shares.tolist() == [0.75, 0.25]
    assert answers.tau == 0.5


def test_metadata_is_taken_as_it_is_told():
    card = CARD | {"clinical": {"age": {"mean": 50.0, "std": 10.0}}}
    told = pd.DataFrame({"sha256": list("stuv"), "age": [60.0, 40.0, np.nan, 50.0]})
    made, _, answers = answered(card=card, told=told, width=WIDTH + 2)
    encoded = [[1, 0], [-1, 0], [0, 1], [0, 0]]
    wanted = made.probabilities(np.float32(np.concatenate([VECTORS[:4], encoded], axis=1)))
    assert answers.matched == pytest.approx(wanted, abs=1e-5)


def test_a_pair_is_joined_as_the_run_joined_it():
    (_, card, one), (_, other_card, other) = answered(1), answered(2, "lite2-study")
    cards = [card | {"taus": [0.0, 1.0]}, other_card]
    pair = answering.of_pair(Joined(name="pair", first="lite0-study", second="lite2-study"), [one, other], cards)
    alone = joining.join([one.own, other.own], cards)
    assert predictions.arrays(pair.own, LABELS)[0] == pytest.approx(alone.probabilities, abs=1e-6)
    assert pair.tau == alone.told["tau"]
    assert pair.model == set(pair.external["model"]).pop() == "pair"
    # Geometric mean of both, each one's own adjustment undone, then the pair's: by hand, for the first photo.
    prior = np.log([0.75, 0.25])
    logs = [np.log(predictions.arrays(each.external, LABELS)[0][0]) + 0.5 * prior for each in (one, other)]
    logs = [each - np.log(np.exp(each).sum()) for each in logs]
    wanted = np.exp(np.mean(logs, axis=0) - pair.tau * prior)
    assert predictions.arrays(pair.external, LABELS)[0][0] == pytest.approx(wanted / wanted.sum(), abs=1e-6)


def test_what_the_loss_adjusts_counts_with_what_is_adjusted_after_training():
    assert answering.adjustment({"train_tau": 0.25, "weight_power": 0.5}, 0.125) == 0.875
    assert answering.adjustment({}, 0.5) == 0.5
