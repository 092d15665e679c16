import pandas as pd

from lesionflow.curate.clusters import clusters


def joined(*pairs, apart=(), together=()):
    """Clusters of pairs (a, b, agreement) as sets of names."""
    table = pd.DataFrame(pairs, columns=["sha256_a", "sha256_b", "agreement"]).astype({"sha256_a": object})
    found = clusters(table, apart, together)
    assert all(name == min(members) for name, members in found.groupby(found).groups.items())
    return {"".join(sorted(members)) for members in found.groupby(found).groups.values()}


def test_pairs_join_through_others():
    assert joined(("a", "b", 1), ("b", "c", 1), ("d", "e", 1)) == {"abc", "de"}


def test_no_pairs_give_no_clusters():
    assert joined() == set()


def test_a_copy_of_two_that_stay_apart_goes_with_the_one_it_resembles_more():
    assert joined(("a", "c", 0.8), ("b", "c", 0.9), apart=[("a", "b")]) == {"a", "bc"}
    assert joined(("a", "c", 0.9), ("b", "c", 0.8), apart=[("a", "b")]) == {"ac", "b"}


def test_equal_copies_go_by_name():
    assert joined(("b", "c", 0.9), ("a", "c", 0.9), apart=[("a", "b")]) == {"ac", "b"}


def test_what_people_joined_comes_before_what_agrees_more():
    assert joined(("a", "c", 0.9), ("b", "c", 0.1), apart=[("a", "b")], together=[("c", "b")]) == {"a", "bc"}


def test_two_stay_apart_over_a_long_way():
    # a-b-c-d in a row; a and d stay apart: the weakest link, b-c, is not made.
    found = joined(("a", "b", 0.9), ("b", "c", 0.7), ("c", "d", 0.8), apart=[("a", "d")])
    assert found == {"ab", "cd"}


def test_other_clusters_are_as_without():
    found = joined(("a", "c", 0.9), ("b", "c", 0.8), ("x", "y", 0.7), apart=[("a", "b"), ("x", "z")])
    assert found == {"ac", "b", "xy"}


def test_three_that_stay_apart_from_each_other():
    apart = [("a", "b"), ("a", "c"), ("b", "c")]
    found = joined(("a", "m", 0.9), ("b", "m", 0.8), ("c", "m", 0.7), apart=apart)
    assert found == {"am", "b", "c"}
