"""The noise corpus, wider than `make test` has time for: the same unit tests over more seeds."""

from tests.kit import process
from tests.kit.place import program

SEEDS = "1000"


def test_true_gestures_under_a_thousand_seeds_of_each_noise():
    done = process.run([program("tests/unit/core/test_noise")], 600,
                       env=process.environment(PORCHLIGHT_NOISE_SEEDS=SEEDS))
    assert done.returncode == 0, done.stdout + done.stderr
