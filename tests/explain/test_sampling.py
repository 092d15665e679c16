from collections import Counter

import pandas as pd

from lesionflow.explain import sampling


def rows(counts):
    names = [(label, f"{label}{place}") for label, count in counts.items() for place in range(count)]
    return pd.DataFrame([{"sha256": name, "label": label, "group": name} for label, name in names])


def test_as_many_of_each_class_as_there_are():
    chosen = sampling.subset(rows({"a": 20, "b": 20, "c": 2}), 10, seed=1)
    # c has but 2; the other 8 are 4 and 4.
    assert Counter(name[0] for name in chosen) == {"a": 4, "b": 4, "c": 2}
    assert chosen == sorted(chosen)


def test_the_same_seed_takes_the_same_photos_and_another_one_others():
    table = rows({"a": 40})
    assert sampling.subset(table, 5, seed=1) == sampling.subset(table.sample(frac=1, random_state=3), 5, seed=1)
    assert sampling.subset(table, 5, seed=1) != sampling.subset(table, 5, seed=2)


def test_a_patient_gives_a_second_photo_only_when_all_have_given_one():
    table = rows({"a": 6}).assign(group=["p", "p", "p", "p", "q", "r"])
    chosen = table[table["sha256"].isin(sampling.subset(table, 3, seed=1))]
    assert set(chosen["group"]) == {"p", "q", "r"}


def test_fewer_photos_than_asked_for_are_all_taken():
    assert len(sampling.subset(rows({"a": 2, "b": 1}), 10, seed=1)) == 3
    assert sampling.subset(rows({"a": 2}), 0, seed=1) == []
