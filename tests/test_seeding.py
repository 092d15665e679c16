from lesionflow import seeding


def test_each_use_has_its_own_stream():
    assert seeding.generator(1, "a").random() == seeding.generator(1, "a").random()
    streams = {seeding.generator(*use).random() for use in ((1, "a"), (1, "b"), (2, "a"), (1, "a", "b"), (1, "ab"))}
    assert len(streams) == 5


def test_seeds_fit_every_library():
    assert all(0 <= seeding.derive(seed, "x") < 2**63 for seed in range(100))
