"""tests/kit/telling_apart.py sees a difference where there is one, and none where there is none."""

import random

import pytest

from tests.kit import telling_apart
from tests.kit.duress_nights import drawn_in_pairs


def drawn(shift, seed, count=200, busy=lambda n: 0.0):
    chance = random.Random(seed)
    kinds = [int(kind == "duress") for kind in drawn_in_pairs(count // 2, chance)]
    return [[chance.gauss(0, 1), chance.gauss(0, 1) + shift * kind + busy(n)] for n, kind in enumerate(kinds)], kinds


def counted(rows, kinds, learn):
    return telling_apart.told(kinds, telling_apart.guesses(rows, kinds, learn))


def test_each_pair_of_nights_has_one_of_either_kind_in_an_order_drawn_by_chance():
    kinds = drawn_in_pairs(1000, random.Random(1))
    pairs = list(zip(kinds[::2], kinds[1::2]))
    assert len(kinds) == 2000 and set(pairs) == {("code", "duress"), ("duress", "code")}
    first = [n for n, (one, _) in enumerate(pairs) if one == "code"]
    again = sum(pairs[n] == pairs[n + 1] for n in range(999))
    assert 400 < len(first) < 600 and 400 < again < 600  # neither order is commoner, nor do they take turns
    assert kinds == drawn_in_pairs(1000, random.Random(1)) != drawn_in_pairs(1000, random.Random(2))


def test_both_nights_of_a_pair_are_in_one_fold_and_the_folds_are_even():
    fold = telling_apart.folds(100)
    assert fold[::2] == fold[1::2] and fold[:20:2] != sorted(fold[:20:2])
    assert {fold.count(f) for f in range(telling_apart.FOLDS)} == {20}


@pytest.mark.parametrize("name", telling_apart.CLASSIFIERS)
def test_a_classifier_guesses_a_shift_and_no_noise(name):
    learn = telling_apart.CLASSIFIERS[name]
    right, of = counted(*drawn(3.0, 1), learn)
    assert of > 75 and right > 0.95 * of and telling_apart.share_told(right, of, 100)[0] > 0.9
    noise = [counted(*drawn(0.0, seed), learn) for seed in range(10)]
    right, of = map(sum, zip(*noise))
    assert telling_apart.binomial_tail(right, of) > 1e-4 and telling_apart.share_told(right, of, 1000)[0] < 0.55


@pytest.mark.parametrize("name", telling_apart.CLASSIFIERS)
def test_load_that_comes_in_waves_says_nothing_and_hides_no_shift(name):
    learn = telling_apart.CLASSIFIERS[name]
    waves = {"busy": lambda n: 5.0 * (n // 20 % 2)}
    right, of = counted(*drawn(0.0, 1, **waves), learn)
    assert telling_apart.binomial_tail(right, of) > 1e-3
    right, of = counted(*drawn(3.0, 1, **waves), learn)
    assert telling_apart.binomial_tail(right, of) < 1e-5


def test_only_pairs_that_are_told_apart_count():
    assert telling_apart.told([0, 1, 1, 0, 0, 1], [0, 0, 1, 0, 1, 0]) == (1, 2)
    assert telling_apart.share_told(2, 2, 4)[0] == 0.75 and telling_apart.share_told(0, 0, 4) == (0.5, 0.5, 0.5)
    assert telling_apart.share_told(60, 100, 200)[0] == pytest.approx(0.55)


def test_a_value_that_only_one_kind_has_shows_which_it_is():
    assert telling_apart.value_that_tells(["a"] * 20, ["b"] * 20)[0] < 1e-5
    assert telling_apart.value_that_tells(["a"] * 19 + ["b"], ["a"] * 20)[0] == 1.0
    assert telling_apart.value_that_tells(["a", "b"] * 10, ["b", "a"] * 10)[0] == 1.0


def test_chance_is_what_it_is():
    assert telling_apart.binomial_tail(0, 10) == pytest.approx(1.0)
    assert telling_apart.binomial_tail(10, 10) == pytest.approx(2 ** -10)
    low, high = telling_apart.interval(110, 200)
    assert low == pytest.approx(0.481, abs=0.001) and high == pytest.approx(0.617, abs=0.001)
