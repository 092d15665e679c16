import pandas as pd
import pytest

from lesionflow.report import showing
from lesionflow.report.settings import GalleryParams


def cut(rows, *, graded, most=5, borderline=2):
    settings = GalleryParams(most=most, borderline=borderline)
    shown, words = showing.cut(pd.DataFrame({"place": range(rows)}), settings, graded=graded)
    return list(shown["place"]), words


def test_what_fits_is_shown_whole():
    assert cut(5, graded=True) == ([0, 1, 2, 3, 4], "5 of 5 shown.")
    assert cut(0, graded=True)[0] == []


def test_of_more_the_clearest_are_shown_and_some_of_the_weakest():
    words = "5 of 1,234 shown: the 3 of the clearest evidence, then the 2 of the weakest."
    assert cut(1234, graded=True) == ([0, 1, 2, 1232, 1233], words)


@pytest.mark.parametrize("options", [{"graded": False}, {"graded": True, "borderline": 0}])
def test_without_grades_or_by_setting_the_first_alone_are_shown(options):
    assert cut(6, **options) == ([0, 1, 2, 3, 4], "5 of 6 shown.")


def test_more_at_the_border_than_are_shown_is_refused():
    with pytest.raises(ValueError, match="borderline: at most as many as are shown, 5"):
        GalleryParams(most=5, borderline=6)
