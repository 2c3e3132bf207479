"""How soon staff learn that one of two ways has failed, at the true timings of a kiosk as it ships."""

import time

import pytest

from tests.kit.kiosk import FAST
from tests.kit.two_ways import TwoWays

PROMISE_S = 20


@pytest.mark.parametrize("how", ["cut", "blackhole", "portal", "carrier"])
def test_staff_learn_in_time_that_a_way_has_failed(how):
    with TwoWays(conf=FAST, scaled=False) as kiosk:
        kiosk.start()
        staff = kiosk.member("staff")
        time.sleep(6)  # a sign of life has come back by each
        began = time.monotonic()
        kiosk.fail("eth0", how)
        down = staff.wait("fault", detail="path-down", where="b0", within=60)
        assert down.at - began < PROMISE_S
