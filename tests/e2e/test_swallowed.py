"""A broker that confirms all it is sent and passes nothing on, and then does again. It may have kept nothing of what
came meanwhile, though it never said so."""

import pytest

from tests.kit import wait
from tests.kit.fake_broker import Dialect, FakeBroker
from tests.kit.kiosk import FAST, Kiosk

LINES = "[words]\nrevision = 5\n[en]\nlockdown-way = Turn round.\n[az]\nlockdown-way = Geri qayıdın.\n"


class Swallowing(FakeBroker):
    swallows = False

    def give(self, topic, payload, retain=False):
        if not self.swallows:
            super().give(topic, payload, retain)


@pytest.fixture
def served():
    kiosk = Kiosk(conf=FAST)
    kiosk.brokers = []
    broker = Swallowing(kiosk.authority.server("fake"), Dialect())
    kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
    (kiosk.etc / "words.conf").write_text(LINES)
    with kiosk:
        yield kiosk, broker
    broker.close()


def given(broker, since):
    """The topics that came since then, without beats."""
    return {what["topic"].split("/", 3)[3] for _, kind, what in list(broker.seen)[since:]
            if kind == "publish"} - {"beat"}


def test_what_a_broker_swallowed_is_sent_again_when_it_passes_messages_on(served):
    kiosk, broker = served
    kiosk.start()
    lines = {f"words/{piece:016x}" for piece in range(2)}
    wait.until(lambda: lines | {"presence"} <= given(broker, 0), lambda: f"all: {given(broker, 0)}", 30)

    broker.swallows = True
    kiosk.wires().hold(0.4)
    wait.until(lambda: len(broker.all("connect")) == 2, "another try, as no beat comes back", 60)
    again = next(i for i, (_, kind, _) in enumerate(broker.seen) if kind == "connect" and
                 broker.all("connect")[1] is broker.seen[i][2])
    wait.until(lambda: lines | {"ring", "state", "presence"} <= given(broker, again),
               lambda: f"all of it, which is swallowed too: {given(broker, again)}", 60)

    back = len(broker.seen)
    broker.swallows = False
    wait.until(lambda: lines | {"ring", "state", "presence"} <= given(broker, back),
               lambda: f"all of it once more: {given(broker, back)}", 30)
    assert len(broker.all("connect")) == 2, "on the same connection"
