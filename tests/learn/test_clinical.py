import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.errors import LesionflowError
from lesionflow.learn import clinical

TRAIN = pd.DataFrame({"age": [40.0, 60.0, None], "sex": ["male", None, "female"], "skin_type": [2, 2, None]})
ROWS = pd.DataFrame(
    {
        "age": st.none() | st.floats(-1e6, 1e6),
        "sex": st.none() | st.text(max_size=3),
        "body_site": st.none() | st.sampled_from(["back", "face"]),
        "skin_type": st.none() | st.integers(1, 6),
    },
    index=[0],
).iloc[0]


def test_numbers_are_standardised_and_what_is_missing_has_a_column_of_its_own():
    told = clinical.spec(TRAIN, ["age", "sex"])
    # Ages 40 and 60: mean 50, deviation 10. Columns: age, age missing, female, male, sex missing.
    assert told == {"age": {"mean": 50.0, "std": 10.0}, "sex": ["female", "male"]}
    expected = [[-1, 0, 0, 1, 0], [1, 0, 0, 0, 1], [0, 1, 1, 0, 0]]
    assert clinical.encode(TRAIN, told).tolist() == expected


def test_a_number_that_never_changes_is_only_centred():
    told = clinical.spec(TRAIN, ["skin_type"])
    assert clinical.encode(TRAIN, told).tolist() == [[0, 0], [0, 0], [0, 1]]


def test_a_value_that_training_did_not_know_and_no_column_at_all_count_as_missing():
    told = clinical.spec(TRAIN, ["age", "sex"])
    assert clinical.encode(pd.DataFrame({"sex": ["other"]}), told).tolist() == [[0, 1, 0, 0, 1]]
    assert clinical.encode(pd.DataFrame({"age": ["50"], "sex": [np.nan]}), told).tolist() == [[0, 0, 0, 0, 1]]


def test_a_column_that_nobody_has_is_its_indicator_alone():
    nobody = pd.DataFrame({"age": [None, None], "sex": [None, None]})
    assert clinical.encode(nobody, clinical.spec(nobody, ["age", "sex"])).tolist() == [[0, 1, 1]] * 2


@given(st.lists(st.fixed_dictionaries(ROWS.to_dict()), min_size=1, max_size=6), st.permutations(ROWS.index.tolist()))
def test_every_photo_has_finite_numbers_and_the_card_holds_all_that_they_need(rows, columns):
    frame = pd.DataFrame(rows)
    told = json.loads(json.dumps(clinical.spec(frame, columns)))
    found = clinical.encode(frame, told)
    assert found.shape == (len(rows), clinical.width(told))
    assert np.isfinite(found).all()
    # A row alone is encoded as among others.
    assert np.array_equal(clinical.encode(frame.iloc[[-1]], told)[0], found[-1])


def test_a_number_that_is_none_is_told():
    with pytest.raises(LesionflowError, match=r"clinical metadata: age\n  got: .*fifty"):
        clinical.encode(pd.DataFrame({"age": ["fifty"]}), {"age": {"mean": 0.0, "std": 1.0}})
