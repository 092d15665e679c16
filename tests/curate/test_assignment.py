import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lesionflow.curate import assignment
from lesionflow.curate.assignment import FREE, Groups

SHARES = [0.15, 0.15, 0.7]


def placed(places, photos):
    return Groups(pd.Index([f"g{n:03d}" for n in range(len(places))]), csr_array(photos), np.array(places))


def held(found, part):
    return np.stack([found.photos[part == number].sum(axis=0) for number in range(3)], axis=1)


def test_groups_lie_where_their_places_say():
    # 20 groups of one photo at 0.025, 0.075, ...: 3 below 0.15, 3 below 0.30, 14 above: 15, 15, 70 %.
    found = placed(np.arange(20) / 20 + 0.025, np.ones((20, 1), dtype=int))
    result = assignment.assign(found, SHARES, tolerance=0.02)
    assert result.part.tolist() == [0] * 3 + [1] * 3 + [2] * 14
    assert not result.moved.any()


def test_the_groups_nearest_to_a_part_that_lacks_photos_move_there():
    # 100 groups, of which 12 lie in test, 15 in val, 73 in train. Test needs 13 at least, train may have 72 at most:
    # one move, from the part with most too much (train, +3) to the one with most too little (test, -3), and of train's
    # groups the one at 0.31, nearest to test.
    places = np.concatenate([np.linspace(0, 0.14, 12), np.linspace(0.16, 0.29, 15), np.linspace(0.31, 0.99, 73)])
    result = assignment.assign(placed(places, np.ones((100, 1), dtype=int)), SHARES, tolerance=0.02)
    assert np.flatnonzero(result.moved).tolist() == [27]
    assert np.bincount(result.part).tolist() == [13, 15, 72]


def test_a_class_of_three_groups_has_one_in_each_part():
    # All in train by their places; every part must have one, whatever the shares.
    result = assignment.assign(placed([0.5, 0.6, 0.7], [[5], [5], [5]]), SHARES, tolerance=0.02)
    assert sorted(result.part) == [0, 1, 2]


def test_a_group_too_large_for_its_part_leaves_it_and_the_small_ones_stay():
    # 60 photos of one patient lie in test, which should have 15 of 100: to train, which then has 60 + 25 = 85, and may
    # have 72. 13 others leave it: 5 for test, which has 5, until it has as many as val, 10; then in turns, 4 for each.
    places = [0.01, *np.linspace(0.02, 0.14, 5), *np.linspace(0.16, 0.29, 10), *np.linspace(0.31, 0.99, 25)]
    result = assignment.assign(placed(places, [[60]] + [[1]] * 40), SHARES, tolerance=0.02)
    assert result.part[0] == 2
    assert result.part[1:6].tolist() == [0] * 5
    assert np.bincount(result.part, weights=[60] + [1] * 40).tolist() == [14, 14, 72]


def test_fixed_groups_never_move():
    # Every group but two is fixed in train: the two go to the empty parts, and that is all that can be done.
    fixed = np.array([2] * 8 + [FREE] * 2)
    result = assignment.assign(
        placed(np.linspace(0, 0.9, 10), np.ones((10, 1), dtype=int)), SHARES, tolerance=0, fixed=fixed
    )
    assert result.part[:8].tolist() == [2] * 8
    assert sorted(result.part[8:]) == [0, 1]


def test_groups_of_two_classes_serve_the_shares_of_both():
    # Patients with photos of either class or both, of PAD-UFES-20's kind: 1 to 6 photos, a tenth of two classes.
    random = np.random.default_rng(5)
    photos = random.integers(1, 7, (200, 2)) * random.choice([[1, 0], [0, 1], [1, 1]], 200, p=[0.45, 0.45, 0.1])
    found = placed(random.random(200), photos)
    result = assignment.assign(found, SHARES, tolerance=0.02)
    shares = held(found, result.part) / photos.sum(axis=0)[:, None]
    assert shares == pytest.approx(np.array([SHARES, SHARES]), abs=0.02 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(st.integers(50, 400), st.integers(50, 400), st.integers(0, 99))
def test_shares_of_each_class_lie_within_the_tolerance_where_groups_are_single_photos(first, second, seed):
    rows = pd.DataFrame({"class_id": [0] * first + [1] * second})
    found = assignment.groups(rows.assign(group=[f"g{n}" for n in rows.index]), seed=seed)
    shares = held(found, assignment.assign(found, SHARES, tolerance=0.02).part) / np.array([[first], [second]])
    assert shares == pytest.approx(np.array([SHARES, SHARES]), abs=0.02 + 1e-9)


def test_a_place_depends_on_the_seed_and_the_groups_name_alone():
    rows = pd.DataFrame({"group": ["p", "q", "q"], "class_id": [0, 0, 1]})
    found = assignment.groups(rows, seed=1)
    assert found.photos.toarray().tolist() == [[1, 0], [1, 1]]
    alone = assignment.groups(rows.iloc[1:], seed=1)
    assert alone.places[0] == found.places[1]
    assert assignment.groups(rows, seed=2).places[1] != found.places[1]
    assert (found.places >= 0).all()
    assert (found.places < 1).all()
