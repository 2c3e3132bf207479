"""Whether two kinds of nights can be told apart, by what they leave and by when it came. Plain statistics."""

import math
import random
from collections import Counter

FOLDS = 10


def binomial_tail(hits, of, chance=0.5):
    """The probability of at least so many hits by chance."""
    def log_choose(k):
        return math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
    if chance in (0.0, 1.0):
        return float(hits == 0 or chance == 1.0)
    return min(1.0, sum(math.exp(log_choose(k) + k * math.log(chance) + (of - k) * math.log(1 - chance))
                        for k in range(hits, of + 1)))


def interval(hits, of, z=1.96):
    """Wilson's interval of a share, 95 %."""
    share, half = hits / of, z * math.sqrt(hits / of * (1 - hits / of) / of + z * z / (4 * of * of))
    middle, scale = share + z * z / (2 * of), 1 + z * z / of
    return (middle - half) / scale, (middle + half) / scale


def commonest(values):
    return Counter(values).most_common(1)[0][0]


def value_that_tells(first, second):
    """(p, value): how unlikely the most uneven value is by chance, among all values; p is at most 1."""
    one, other = Counter(first), Counter(second)
    share = len(first) / (len(first) + len(second))
    worst = (1.0, None)
    for value in one.keys() | other.keys():
        of = one[value] + other[value]
        p = 2 * min(binomial_tail(one[value], of, share), binomial_tail(other[value], of, 1 - share))
        worst = min(worst, (p * len(one.keys() | other.keys()), value), key=lambda w: w[0])
    return min(1.0, worst[0]), worst[1]


# Classifiers. A row is a list of numbers; kinds are 0 and 1.

def stump(rows, kinds):
    """The one threshold on one feature that parts the rows best."""
    best = (-1, 0, 0.0, 0)
    ones = sum(kinds)
    for feature in range(len(rows[0])):
        order = sorted(range(len(rows)), key=lambda i: rows[i][feature])
        below = 0
        for n, i in enumerate(order[:-1], 1):
            below += kinds[i]
            if rows[i][feature] == rows[order[n]][feature]:
                continue
            right = (n - below) + (ones - below)  # zeros below, ones above
            for hits, high in ((right, 1), (len(rows) - right, 0)):
                cut = (rows[i][feature] + rows[order[n]][feature]) / 2
                best = max(best, (hits, feature, cut, high))
    _, feature, cut, high = best
    return lambda row: high if row[feature] > cut else 1 - high


def scaled(rows):
    """How to make each feature's median 0 and its usual spread 1: a few late nights weigh little."""
    scales = []
    for column in zip(*rows):
        ordered = sorted(column)
        middle, spread = ordered[len(ordered) // 2], ordered[3 * len(ordered) // 4] - ordered[len(ordered) // 4]
        scales.append((middle, spread or 1.0))
    return lambda row: [max(-4.0, min(4.0, (x - middle) / spread)) for x, (middle, spread) in
                        zip(row, scales)] + [1.0]


def logistic(rows, kinds, rounds=200, step=0.5, ridge=0.01):
    scale = scaled(rows)
    inputs = [scale(row) for row in rows]
    weights = [0.0] * len(inputs[0])
    for _ in range(rounds):
        slope = [ridge * w for w in weights]
        for x, kind in zip(inputs, kinds):
            z = max(-30.0, min(30.0, sum(w * v for w, v in zip(weights, x))))
            miss = 1 / (1 + math.exp(-z)) - kind
            for i, v in enumerate(x):
                slope[i] += miss * v / len(inputs)
        weights = [w - step * s for w, s in zip(weights, slope)]
    return lambda row: int(sum(w * v for w, v in zip(weights, scale(row))) > 0)


CLASSIFIERS = {"threshold": stump, "logistic": logistic}


def folds(pairs, seed=1):
    """The fold of each row, where two rows that follow each other are a pair: what the two share beside
    their kinds, such as a busy minute, is then learnt from no other night of the same pair."""
    fold = [pair % FOLDS for pair in range(pairs)]
    random.Random(seed).shuffle(fold)
    return [f for f in fold for _ in range(2)]


def guesses(rows, kinds, learn):
    """Each row's kind as it is guessed by what is learnt from the other folds. Rows come in pairs, one of
    either kind, so that guessing one kind always gives half."""
    assert all(kinds[i] != kinds[i + 1] for i in range(0, len(kinds), 2)), "both nights of a pair are of one kind"
    fold, guessed = folds(len(rows) // 2), [0] * len(rows)
    for left_out in set(fold):
        known = [i for i, f in enumerate(fold) if f != left_out]
        guess = learn([rows[i] for i in known], [kinds[i] for i in known])
        for i, f in enumerate(fold):
            guessed[i] = guess(rows[i]) if f == left_out else guessed[i]
    return guessed


def told(kinds, guessed):
    """(right, of): of the pairs whose two nights are guessed to be of different kinds, how many are guessed
    right. In every other pair one of two is right, whatever the nights were: only these can tell."""
    parts = [(kinds[i], guessed[i]) for i in range(0, len(kinds), 2) if guessed[i] != guessed[i + 1]]
    return sum(kind == guess for kind, guess in parts), len(parts)


def share_told(right, of, pairs):
    """(share of nights guessed right, lowest, highest) with 95 %, from what told() gives of so many pairs."""
    if not of:
        return 0.5, 0.5, 0.5
    return tuple(0.5 + of / pairs * (x - 0.5) for x in (right / of, *interval(right, of)))


