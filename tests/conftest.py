"""In which order tests begin, where several run at once."""

# Their tests wait for half a minute and more. A worker is given a run of neighbours, and the last of them are
# waited for alone: so these are spread over the first two thirds.
WAITING = {f"test_{name}" for name in (
    "awake", "axe", "dialects", "duress", "enrol", "faults", "late", "layout", "nights", "operator",
    "retire", "revoke", "ring", "screen_panel", "scripted_nights", "setup", "subscriptions", "troubles",
    "uplinks", "webpush", "wild", "windows", "wipe_in_use")}


def spread(waiting, others):
    """`others` in their order, with one of `waiting` after each so many of their first two thirds."""
    every = max(1, len(others) * 2 // 3 // max(1, len(waiting)))
    out = []
    for at in range(0, len(others), every):
        out += waiting[at // every:at // every + 1] + others[at:at + every]
    return out + waiting[-(-len(others) // every):]


def pytest_collection_modifyitems(items):
    waits = [i for i in items if i.path.stem in WAITING]
    items[:] = spread(waits, [i for i in items if i.path.stem not in WAITING])
