from hypothesis import given
from hypothesis import strategies as st

from lesionflow.adapters import naming

NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1).filter(lambda name: name != "value")
NUMBERS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)


@given(st.dictionaries(NAMES, NUMBERS | st.dictionaries(NAMES, NUMBERS)))
def test_flattening_keeps_each_number_once_and_nothing_else(nested):
    leaves = [leaf for value in nested.values() for leaf in (value.values() if isinstance(value, dict) else [value])]
    numbers = [leaf for leaf in leaves if isinstance(leaf, (int, float)) and not isinstance(leaf, bool)]
    assert sorted(naming.flat(nested, ".").values()) == sorted(numbers)
