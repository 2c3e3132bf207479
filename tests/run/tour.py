"""The tour that `make run` makes by itself where nobody sits at a terminal."""

import time

from tests.kit import wait
from tests.kit.wires import MS
from tests.run.stage import GAP, HOLD, ROOT, WIPE_HOLD

LIMIT_S = 30


class Tour:
    def __init__(self, stage):
        self.stage = stage
        self.legs = []

    def leg(self, what, zero, at_s):
        """Something arrived at `at_s` (time.monotonic), counted from `zero` ns."""
        took = (at_s * 1e9 - zero) / MS
        if took < 0:
            raise AssertionError(f"{what}: arrived {-took:.1f} ms before its gesture was complete")
        self.legs.append((what, took))

    def presses(self, count):
        """The moment of the last release."""
        self.stage.timeline.wire(f"switch pressed {count} times")
        for i in range(count):
            if i:
                time.sleep(0.2)
            self.stage.switch(True, quietly=True)
            time.sleep(0.1)
            end = self.stage.switch(False, quietly=True)
        return end

    def door(self):
        s = self.stage
        s.timeline.heading("The door opens, outside hours")
        opened = s.door(True)
        self.leg("door opened, to a staff phone", opened,
                 s.staff.wait("door", "notice", within=5).at)
        time.sleep(0.3)
        s.door(False)

    def caution(self):
        s = self.stage
        s.timeline.heading("Two presses: do not come")
        zero = self.presses(2) + GAP
        self.leg("two presses, to the member: caution", zero,
                 s.member.wait("caution", "alert", within=5).at)
        time.sleep(0.3)

    def lockdown_and_wipe(self):
        s = self.stage
        s.timeline.heading("Held for 1.5 s: lockdown; held on to 4 s: the wipe")
        if s.decoys.opens() != ["sheet", "photographs"]:
            raise AssertionError(f"before the wipe only {s.decoys.opens()} opens")
        pressed = s.switch(True)
        got = s.member.wait("lockdown", "alert", within=5)
        self.leg("held, to the member: lockdown", pressed + HOLD, got.at)
        wait.until(lambda: s.cue["signs"] & {"accepted", "seen"}, "a cue that the alert was "
                   "handed over", 5)
        self.leg("held, to the cue: handed over outside", pressed + HOLD, time.monotonic())
        wait.until(lambda: s.gone_at, "the end of the decoys", 10)
        self.leg("held on, to the decoys: gone", pressed + WIPE_HOLD, s.gone_at / 1e9)
        s.picture("during")
        s.switch(False)
        left = s.decoys.opens()
        if left:
            raise AssertionError(f"still opens: {', '.join(left)}")
        time.sleep(0.9)  # the train of this one long press ends

    def code(self):
        s = self.stage
        s.timeline.heading("The venue's code, pressed under the raiders' eyes")
        zero = self.presses(5) + GAP
        got = s.member.wait("all-clear", "alert", within=5, detail="unconfirmed")
        self.leg("code, to the member: not confirmed", zero, got.at)

    def go(self):
        s = self.stage
        s.introduce()
        time.sleep(0.5)
        s.picture("before")
        self.door()
        self.caution()
        self.lockdown_and_wipe()
        self.code()
        time.sleep(0.5)
        s.picture("after")
        s.timeline.heading("Measured, from the gesture's last condition to what it caused")
        for what, took in self.legs:
            s.timeline.say(f"  {what:<44} {took:8.1f} ms")
        s.timeline.say()
        s.timeline.say("  the sign-in sheet no longer opens, the photographs are gone")
        s.timeline.say(f"  pictures: {s.pictures.relative_to(ROOT)}/before.png, during.png, "
                       "after.png")
