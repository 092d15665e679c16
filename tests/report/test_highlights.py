from lesionflow.report import highlights
from lesionflow.report.thumbnails import Thumbnail
from tests.report.curated_tables import curated, dropped, pairs, photo, sections


def test_first_items_of_each_group_are_told_with_their_pictures():
    rows = curated({}, *[dropped("blurred")] * 6)
    found = highlights.of(list(sections(rows, joined=pairs((0, 1, {}))).values()), {photo(0): Thumbnail("a.jpg", 3, 2)})
    assert [section["slug"] for section in found] == ["joined", "conflicts", "dropped", "review"]
    pair = found[0]["groups"][0]
    assert (pair["total"], pair["several"]) == (1, True)
    first, second = pair["items"][0]["cards"]
    assert first["picture"] == {"name": "a.jpg", "width": 3, "height": 2}
    assert second["picture"] is None
    assert ["Transform", "mirrored"] in pair["items"][0]["facts"]
    blurred = found[2]["groups"][0]
    assert (blurred["total"], len(blurred["items"]), blurred["several"]) == (6, highlights.MOST, False)
    assert found[3]["groups"] == []
