import pandas as pd

from lesionflow.report import showing
from tests.report.curated_tables import curated, dropped, evidence, pairs, photo, review, sections


def shown(group):
    """The photos of each item, by number."""
    return [[int(card.sha256, 16) for card in item.cards] for item in group.items]


def test_pairs_come_by_relation_and_the_strongest_first():
    joined = pairs(
        (0, 1, {"relation": "different"}), (2, 3, {"relation": "same_scene"}), (4, 5, {"agreement": 0.8}),
        (4, 6, {"agreement": 0.95}), (5, 6, {"agreement": 0.8, "inliers": 40}), (1, 4, {"agreement": 0.8}),
    )  # fmt: skip
    groups = sections(curated(*[{}] * 7), joined=joined)["joined"].groups
    assert [group.name for group in groups] == [
        "Copies of one photo", "The same skin, seen twice", "Decided to be different",
    ]  # fmt: skip
    # 0.95 first; of 0.8 the one with more inliers; then the smaller sha256.
    assert shown(groups[0]) == [[4, 6], [5, 6], [1, 4], [4, 5]]


def test_a_pair_says_why_it_was_joined_and_which_photo_was_kept():
    rows = curated({"kept_record_id": "m:000"}, dropped("near_duplicate", kept_record_id="m:000"))
    proposals = {(photo(0), photo(1)): [("They show different things", "not_duplicate,...")]}
    item = sections(rows, joined=pairs((0, 1, {})), pairs=proposals)["joined"].groups[0].items[0]
    assert item.facts == [
        ("Transform", "mirrored"), ("Inliers", "34 places"), ("Agreement", "0.900"), ("Overlap", "100.0 %"),
        ("Proposed by", "hash"),
    ]  # fmt: skip
    assert [card.verdict for card in item.cards] == ["kept", "near duplicate"]
    assert item.rows == [("They show different things", "not_duplicate,...")]


def test_a_pair_of_dropped_photos_names_the_copy_that_was_kept():
    gone = dropped("near_duplicate", kept_record_id="m:002")
    item = sections(curated(gone, gone, {}), joined=pairs((0, 1, {})))["joined"].groups[0].items[0]
    assert item.facts[-1] == ("Kept instead", "m:002")


def test_a_pair_that_nobody_compared_claims_no_agreement():
    row = {"relation": "different", "candidate_by": "decision", "transform": "", "inliers": 0, "agreement": 0.0}
    item = sections(curated({}, {}), joined=pairs((0, 1, row)))["joined"].groups[0].items[0]
    assert item.facts == [("Proposed by", "decision")]


def conflict(cluster, label, **more):
    return dropped("conflicting_labels", cluster=cluster, label=label, **more)


def test_conflicts_come_largest_first_with_every_label_among_the_first_photos():
    rows = [conflict("a", "nevus"), conflict("a", "melanoma")]
    rows += [*[conflict("b", "nevus")] * 10, conflict("b", "melanoma")]
    found = sections(curated(*rows), clusters={"b": [("It is nevus", "relabel,...")]})["conflicts"].groups[0]
    assert [item.facts[0] for item in found.items] == [
        ("Labels", "1 × melanoma, 10 × nevus"), ("Labels", "1 × melanoma, 1 × nevus"),
    ]  # fmt: skip
    # Photo 12 is the one melanoma of 11 photos, of which 8 are shown.
    assert shown(found)[0] == [12, 2, 3, 4, 5, 6, 7, 8]
    assert found.items[0].facts[1] == ("Photos", "8 of 11 shown")
    assert [item.rows for item in found.items] == [[("It is nevus", "relabel,...")], []]


def test_dropped_photos_come_by_reason_in_the_order_given_and_the_clearest_first():
    rows = curated(*[dropped("blurred")] * 3, dropped("too_small"), dropped("new_reason"), {})
    measured = evidence(p0=0.2, p1=0.7, p2=0.2, p3=0.5)
    groups = sections(rows, measured=measured, reasons=["too_small", "collage", "blurred"])["dropped"].groups
    assert [group.name for group in groups] == ["Too small", "Blurred", "New reason"]
    assert shown(groups[1]) == [[1], [0], [2]]
    assert groups[1].items[0].facts == [("Why", "beyond by 0.7")]


def test_a_photo_with_many_rows_is_shown_once():
    rows = curated(*[dropped("too_small", sha256=photo(0))] * 3, dropped("too_small"))
    group = sections(rows)["dropped"].groups[0]
    assert shown(group) == [[0], [3]]
    assert (group.total, group.intro, group.shown) == (2, "4 rows, each photo once.", "2 of 2 shown.")
    assert group.items[0].cards[0].others == 2


def test_rows_without_a_photo_are_shown_each_with_its_failure():
    found = sections(curated(*[dropped("not_ingested", sha256=None)] * 2))
    (group,) = found["dropped"].groups
    assert [item.cards[0].record_id for item in group.items] == ["m:000", "m:001"]
    assert not showing.photos(list(found.values()))


def test_exact_copies_name_the_row_that_was_kept():
    rows = curated({"sha256": photo(9)}, dropped("exact_duplicate", sha256=photo(9), kept_record_id="m:000"))
    item = sections(rows)["dropped"].groups[0].items[0]
    assert item.facts == [("Kept instead", "m:000")]
    assert (item.cards[0].record_id, item.cards[0].verdict) == ("m:001", "exact duplicate")


def test_photos_for_review_come_by_kind_and_rank():
    suspects = review((1, {}), (0, {}), (1, {"kind": "off_topic", "suggested": None, "rank": 1, "label": "parent"}))
    doubted, unlike = sections(curated({}, {}), suspects=suspects)["review"].groups
    assert (doubted.name, unlike.name) == ("Label may be wrong", "Unlike its class")
    assert shown(doubted) == [[1], [0]]
    told = [("Rank", "1"), ("Suggested", "melanoma"), ("Score", "0.0123"), ("Why", "melanoma 98.8 %")]
    assert doubted.items[0].facts == told
    assert unlike.items[0].facts == [("Rank", "1"), ("Learned as", "parent"), *told[2:]]


def test_each_group_is_cut_and_only_what_is_shown_asks_for_pictures():
    rows = curated(*[dropped("blurred")] * 9, {}, {})
    measured = evidence(**{f"p{place}": 1 - place / 10 for place in range(9)})
    found = sections(rows, measured=measured, suspects=review((9, {}), (10, {})), most=4, borderline=1)
    (blurred,) = found["dropped"].groups
    assert shown(blurred) == [[0], [1], [2], [8]]
    assert blurred.shown == "4 of 9 shown: the 3 of the clearest evidence, then the 1 of the weakest."
    assert showing.photos(list(found.values())) == {photo(place) for place in (0, 1, 2, 8, 9, 10)}


def test_which_are_shown_does_not_depend_on_the_order_of_rows():
    rows, measured = curated(*[dropped("blurred")] * 9, {}, {}), evidence(**{f"p{place}": 0.5 for place in range(9)})
    joined, suspects = pairs((9, 10, {}), (0, 1, {})), review((9, {}), (10, {}))
    first = sections(rows, joined=joined, suspects=suspects, measured=measured, most=3)
    turned = [frame.iloc[::-1].reset_index(drop=True) for frame in (rows, joined, suspects)]
    again = sections(turned[0], joined=turned[1], suspects=turned[2], measured=measured[::-1], most=3)
    assert first == again


def test_where_nothing_happened_there_is_nothing_to_show():
    assert [section.groups for section in sections(curated({})).values()] == [[]] * 4
    assert [section.groups for section in sections(pd.DataFrame(curated({})).iloc[:0]).values()] == [[]] * 4
