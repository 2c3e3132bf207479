"""A wipe that could not be done is a fault before it is needed: porchlightd asks at its start."""

import pytest

from tests.kit import local, wait
from tests.kit.kiosk import FAST, Kiosk

PLAN = "[root venue]\npath = /srv/venue\n\n[key sheet]\npath = /srv/venue/key\n"


def fault(kiosk):
    """What staff are told, in words and by the cue."""
    said = kiosk.status()["wipe_fault"]
    words = "COULD NOT BE DONE" in kiosk.cli("status").stdout
    with local.connect(kiosk.run / "screen.sock") as screen:
        cue = "fault" in local.cue(screen.recv(24))["signs"]
    if kiosk.status()["wipe_fault"] != said:
        return fault(kiosk)  # it changed while we looked
    assert words == cue == said
    return said


@pytest.mark.parametrize("plan, word", [
    (PLAN, None),
    (PLAN + "[tree x]\npath = /etc\n", "no registered root"),
    (PLAN.replace("key\n", "key\nkeys = 2\n"), "unknown key"),
    ("", "names no target"),
])
def test_the_plan_is_looked_at_before_it_is_needed(plan, word):
    with Kiosk(conf=FAST) as kiosk:
        wiper = kiosk.start_wipe(plan)
        kiosk.start()
        if word is None:
            wait.until(lambda: "porchlight-wipe is ready" in kiosk.daemon.said()
                       or not kiosk.status()["wipe_fault"], kiosk.daemon.said)
            assert not fault(kiosk)
        else:
            wait.until(lambda: fault(kiosk), kiosk.daemon.said, within=30)
            assert word in wiper.said()


def test_no_porchlight_wipe_is_a_fault_where_one_is_wanted():
    with Kiosk(conf=FAST) as kiosk:
        kiosk.start()
        wait.until(lambda: fault(kiosk), kiosk.daemon.said, within=30)
    with Kiosk(conf={**FAST, "wipe": {"enabled": "no"}}) as kiosk:
        kiosk.start()
        wait.never(lambda: fault(kiosk), "a fault though no wipe is wanted", during=1)


def test_a_mended_plan_ends_the_fault():
    with Kiosk(conf=FAST) as kiosk:
        kiosk.start_wipe(PLAN + "[tree x]\npath = /\n")
        kiosk.start()
        wait.until(lambda: fault(kiosk), kiosk.daemon.said, within=30)
        (kiosk.etc / "wipe.plan").write_text(PLAN)
        wait.until(lambda: not fault(kiosk), kiosk.daemon.said, within=90)


def test_the_question_touches_nothing():
    with Kiosk(conf=FAST) as kiosk:
        (kiosk.prefix / "srv/venue").mkdir(parents=True)
        (kiosk.prefix / "srv/venue/key").write_text("a key\n")
        kiosk.start_wipe(PLAN)
        assert local.wipe(kiosk.run / "wipe.sock", "CHECK") == [(2, "nothing", False, "")]
        assert (kiosk.prefix / "srv/venue/key").read_text() == "a key\n"
        done = kiosk.cli("wipe", "--status")
        assert done.returncode == 0 and done.stdout == "no wipe has been run here\n"
