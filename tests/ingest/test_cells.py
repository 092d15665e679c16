import pytest

from lesionflow.ingest import cells
from lesionflow.ingest.cells import Top

ROW = {"a": "x", "b": "", "c": "z", "w1": "0.0", "w2": "1.0", "w3": "1.0"}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("a", "x"),
        ("b", ""),
        ("{c}/{a}.jpg", "z/x.jpg"),
        ("{a}/{b}.jpg", ""),  # a template without one of its values says nothing
        (("b", "c", "a"), "z"),
        (("b", "{b}.jpg", "{c}.jpg"), "z.jpg"),
        (("b", "absent"), ""),
        (Top(("w1", "w2")), "w2"),
        (Top(("w3", "w2")), "w2"),  # of equal weight: the first by name
        (Top(("w1",)), ""),  # no weight at all
        (Top("b"), ""),
    ],
)
def test_a_cell_says_what_its_columns_say(cell, value):
    assert cells.value(cell, ROW, {}) == value


def test_another_cell_stands_for_an_absent_column_alone():
    otherwise = {"absent": "{a}.jpg", "b": "a"}
    assert cells.value("absent", ROW, otherwise) == "x.jpg"
    assert cells.value("b", ROW, otherwise) == ""  # there, though empty


def test_what_stands_for_a_column_may_not_go_round_in_circles():
    assert cells.value("x", {}, {"x": "y", "y": "x"}) == ""
    assert cells.missing("x", set(), {"x": "y", "y": "x"}, ()) == "x"


@pytest.mark.parametrize(
    ("text", "top"),
    [
        ("{'Eczema': 0.69, 'Psoriasis': 0.11}", "Eczema"),
        ("{'b': 0.5, 'a': 0.5}", "a"),
        ("{}", ""),
        ("{'a': 0}", ""),
        ('{"Kaposi\'s sarcoma": 1}', "Kaposi's sarcoma"),
    ],
)
def test_the_name_of_most_weight_is_taken_and_of_equals_the_first(text, top):
    assert cells.value(Top("w"), {"w": text}, {}) == top


@pytest.mark.parametrize(
    "text",
    [
        "Eczema", "['a']", "{'a'}", "{'a': 'b'}", "{1: 1}", "{'a': 1e999}", "{'a': -1}", "{'a': True}", "{'': 1}",
        "{[]: 1}", "{'a': 1", "__import__('os').system('true')", "{'a': 2 ** 9}", r"{'\ud800': 1}", "\0", "[" * 100_000,
        "{'a': " + "9" * 5000 + "}",
    ],
)  # fmt: skip
def test_what_is_no_dict_of_weights_is_refused_and_never_run(text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is the text
        cells.value(Top("w"), {"w": text}, {})
    assert str(caught.value) == text


def test_a_whole_number_beyond_all_floats_is_a_weight():
    assert cells.value(Top("w"), {"w": "{'a': 1e300, 'b': " + "9" * 400 + "}"}, {}) == "b"


@pytest.mark.parametrize("weight", ["much", "nan", "inf"])
def test_weights_in_columns_are_numbers(weight):
    with pytest.raises(ValueError, match=weight):
        cells.value(Top(("w",)), {"w": weight}, {})


@pytest.mark.parametrize("value", ["", [], [""], ["a", 1], None, 5, {"top": []}, {"top": ""}, {"bottom": "a"}, [["a"]]])
def test_what_is_no_cell_is_refused_with_the_forms(value):
    with pytest.raises(ValueError, match="a column, a template such as"):
        cells.parse(value)


@pytest.mark.parametrize(
    ("cell", "missing"),
    [
        ("a", ""),
        ("x", "x"),
        ("{a}/{x}", "x"),
        (("x", "a"), ""),
        (("x", "{y}.jpg"), "x or y"),
        (Top(("x", "w1")), ""),
        ("maybe", ""),
        ("old", ""),
        ("older", "older"),
    ],
)
def test_a_cell_is_missing_when_no_reading_of_it_is_there(cell, missing):
    otherwise = {"old": "{a}.jpg", "older": "{x}.jpg"}
    assert cells.missing(cell, set(ROW), otherwise, ("maybe",)) == missing


def test_all_columns_of_a_cell_count_those_in_place_of_others():
    assert cells.columns(("{a}/{b}", "c"), {"c": Top(("d", "e"))}) == {"a", "b", "c", "d", "e"}
