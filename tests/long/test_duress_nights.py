"""A hundred nights with the code and a hundred with duress, in every state, an alert that is hidden already or
pressed again among them, with cover and without: the same packets, blocks on the card, lines in journal and
relay's log, wake-ups and member's screen; and a classifier that knows when each of them came guesses no better
than a coin. The same eyes see the difference at once in the nights of 513488e, where the two were not the same."""

import itertools
import os
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit import telling_apart
from tests.kit.duress_nights import STATES, nights, parted
from tests.kit.place import ROOT, fresh

COUNT = int(os.environ.get("NIGHTS_OF_A_KIND", "100"))
OLD = "513488e"
FIRST = 6  # packets of each stream are looked at
NEVER_MS = 10000.0
AT_MOST = 0.55
PARTS = 2  # of the nights of one state, each at a kiosk of its own: nearly all of a night is waiting
AT_ONCE = 16
# One of some hundred comparisons may look uneven by chance once in a thousand runs.
UNEVEN = 1e-5
# What a classifier guesses, fold by fold, is less independent than throws of a coin: shuffled within pairs, one
# state's share spreads half as wide again. One millisecond that was planted had 2e-12 at most.
TOLD = 1e-8


def rows(found):
    """When the first packets of each stream came, in ms after the press, and how many there were."""
    streams = sorted({name for night in found for name in night["times"]})
    return [[ms for name in streams for ms in
             ([t / 1e6 for t in night["times"].get(name, [])][:FIRST] + [NEVER_MS] * FIRST)[:FIRST]
             + [float(len(night["times"].get(name, [])))]] for night in found]


def told(found):
    """{classifier: (right, of) of the pairs of nights that it tells apart}."""
    kinds = [int(night["kind"] == "duress") for night in found]
    return {name: telling_apart.told(kinds, telling_apart.guesses(rows(found), kinds, learn))
            for name, learn in telling_apart.CLASSIFIERS.items()}


def row_of(state, cover, name, right, of, pairs):
    share, low, high = telling_apart.share_told(right, of, pairs)
    return (f"| {state} | {cover} | {name} | {share:.3f} | {low:.3f} to {high:.3f} "
            f"| {telling_apart.binomial_tail(right, of):.3f} |")


@pytest.fixture(scope="module")
def all_nights():
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # A seed each: nights at the same time are equally busy, and must not be of the same kinds as well.
        asked = [((state, cover), pool.submit(nights, state, cover, COUNT // PARTS, seed)) for seed, (cover, _, state)
                 in enumerate(itertools.product(("yes", "no"), range(PARTS), STATES), 1)]
        found = {}
        for which, part in asked:
            found.setdefault(which, []).extend(part.result())
        return found


@pytest.mark.parametrize("cover", ["no", "yes"])
@pytest.mark.parametrize("state", STATES)
def test_every_surface_is_the_same(all_nights, state, cover):
    found = all_nights[state, cover]
    assert len(found) == COUNT // PARTS * PARTS * 2
    for surface in found[0]["same"]:
        code, duress = parted(found, surface)
        p, value = telling_apart.value_that_tells(code, duress)
        assert p > UNEVEN, f"{surface}: {code.count(value)} codes and {duress.count(value)} duress: {value}"


def test_a_classifier_guesses_no_better_than_a_coin(all_nights):
    """Pooled over all nights, where chance is narrow: at most 55 %. In one state alone 55 % would be chance
    once in twelve; there it must not be better than half by more than chance allows."""
    together, pairs, table = {name: (0, 0) for name in telling_apart.CLASSIFIERS}, 0, []
    for (state, cover), found in all_nights.items():
        pairs += len(found) // 2
        for name, (right, of) in told(found).items():
            together[name] = together[name][0] + right, together[name][1] + of
            table.append(row_of(state, cover, name, right, of, len(found) // 2))
            assert telling_apart.binomial_tail(right, of) > TOLD, table[-1]
    table += [row_of("all", "both", name, *counts, pairs) for name, counts in together.items()]
    (ROOT / "build/duress.md").write_text("\n".join(
        ["| state | cover | classifier | guessed right | 95 % | by chance |", "|---|---|---|---|---|---|",
         *table]) + "\n", encoding="utf-8")
    shares = [telling_apart.share_told(*counts, pairs)[0] for counts in together.values()]
    assert max(shares) < AT_MOST, "\n".join(table)


@pytest.fixture(scope="module")
def old_tree():
    """The programs and the kit of that commit."""
    tree = fresh("o")
    archive = tree / "old.tar"
    made = subprocess.run(["git", "-C", ROOT, "archive", "-o", archive, OLD], capture_output=True, text=True)
    assert made.returncode == 0, f"commit {OLD} is needed: clone the whole history. {made.stderr}"
    with tarfile.open(archive) as tar:
        tar.extractall(tree)
    built = subprocess.run(["make", "-s", "-C", tree, "all"], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[-2000:]
    return tree


@pytest.mark.parametrize("state", ["lockdown", "caution"])
def test_the_same_eyes_tell_an_older_kiosk_s_nights_apart(old_tree, state):
    found = nights(state, "no", 30, tree=old_tree, build=old_tree / "build/release")
    uneven = {surface: telling_apart.value_that_tells(*parted(found, surface))[0]
              for surface in found[0]["same"]}
    assert min(uneven.values()) < UNEVEN, uneven
