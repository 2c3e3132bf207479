"""tests/kit/telling_apart.py sees a difference where there is one, and none where there is none."""

import random

import pytest

from tests.kit import telling_apart


def drawn(shift, seed, count=200):
    chance = random.Random(seed)
    kinds = [n % 2 for n in range(count)]
    return [[chance.gauss(0, 1), chance.gauss(0, 1) + shift * kind] for kind in kinds], kinds


@pytest.mark.parametrize("name", telling_apart.CLASSIFIERS)
def test_a_classifier_guesses_a_shift_and_no_noise(name):
    learn = telling_apart.CLASSIFIERS[name]
    rows, kinds = drawn(3.0, 1)
    assert telling_apart.hits(rows, kinds, learn) > 180
    noise = [telling_apart.hits(*drawn(0.0, seed), learn) for seed in range(10)]
    assert telling_apart.binomial_tail(sum(noise), 2000) > 1e-4 and sum(noise) < 0.55 * 2000


def test_a_value_that_only_one_kind_has_shows_which_it_is():
    assert telling_apart.value_that_tells(["a"] * 20, ["b"] * 20)[0] < 1e-5
    assert telling_apart.value_that_tells(["a"] * 19 + ["b"], ["a"] * 20)[0] == 1.0
    assert telling_apart.value_that_tells(["a", "b"] * 10, ["b", "a"] * 10)[0] == 1.0


def test_chance_is_what_it_is():
    assert telling_apart.binomial_tail(0, 10) == pytest.approx(1.0)
    assert telling_apart.binomial_tail(10, 10) == pytest.approx(2 ** -10)
    low, high = telling_apart.interval(110, 200)
    assert low == pytest.approx(0.481, abs=0.001) and high == pytest.approx(0.617, abs=0.001)
