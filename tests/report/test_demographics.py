from dataclasses import replace

import numpy as np
import pytest

from lesionflow.report import demographics, distributions, inputs


@pytest.fixture
def data(root):
    return inputs.data(root / "outputs", root / "reports")


def counted(data, trait):
    return demographics.counts(data, trait).set_index("value").to_dict("index")


def test_values_are_counted_before_and_after_and_what_is_missing_comes_last(data):
    found = demographics.counts(data, "skin_type")
    assert list(found["value"]) == ["1", "2", "3", "not recorded"]
    # The manifest says none. Photos of the split have 1, 2, 3, none in turn; 21 of them, so 6, 5, 5, 5.
    assert list(found["manifest"]) == [0, 0, 0, 30]
    assert list(found[["train", "val", "test"]].sum(axis="columns")) == [6, 5, 5, 5]


def test_ages_stand_in_bands_in_the_order_of_years(data):
    ages = np.linspace(0, 119, len(data.manifest))
    grown = replace(data, manifest=data.manifest.assign(age=ages))
    values = list(demographics.counts(grown, "age")["value"])
    assert values == ["0-19", "20-39", "40-59", "60-79", "80-99", "100-119"]
    # 30 ages from 0 to 119 in steps of 4.1: those below 20 are 0, 4.1, 8.2, 12.3, 16.4.
    assert counted(grown, "age")["0-19"]["manifest"] == 5


def test_traits_of_which_nothing_is_recorded_are_left_out(data):
    assert [name for name, _ in demographics.tables(data)] == ["Skin type (Fitzpatrick)", "Sex", "Age, years"]
    assert [one.name for one in distributions.of(data)] == ["Skin type (Fitzpatrick)", "Sex", "Age, years"]


def test_chart_tells_the_commonest_value(data):
    assert distributions.of(data)[1].chart.alt == (
        "Bars of Sex by share of the photos used; most are female (100.0 %)."
    )
