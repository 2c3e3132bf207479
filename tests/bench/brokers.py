"""What further brokers cost, and what a dead one does: the latency of latency.py, at the first of 1, 2
and 4 brokers, and of 4 of which the last is dead or frozen. The peer in each row is the same with one
broker, and the ratio what the others cost. All stand on this machine and share its processors: with
each broker, that is one more that has its own TLS, PUBACK and log to do."""

from tests.bench.pressing import SWITCH_CONF, Subscriber, press_all
from tests.bench.report import percentile
from tests.kit import wait
from tests.kit.kiosk import Kiosk

PRESSES = 250

CASES = [("1 broker", 1, None), ("2 brokers", 2, None), ("4 brokers", 4, None),
         ("4 brokers, one of them dead", 4, "kill"), ("4 brokers, one of them frozen", 4, "freeze")]


def measure(brokers, fault):
    kiosk = Kiosk("b", scaled=False, conf=SWITCH_CONF, brokers=brokers)
    kiosk.brokers[0].account("bench", "eye", "eye-password")
    with kiosk:
        kiosk.start()
        if fault == "kill":
            kiosk.brokers[-1].kill()
            wait.until(lambda: not kiosk.status()["brokers"][-1]["connected"], "the dead broker")
        elif fault == "freeze":
            kiosk.brokers[-1].freeze()
        subscriber = Subscriber(kiosk, "alert")
        took, late = press_all(kiosk, subscriber, PRESSES)
        subscriber.close()
        if fault == "freeze":
            kiosk.brokers[-1].thaw()
        if late:
            print(f"  (busy machine: {late} trains of edges were made again)")
        return took


def bench(report):
    report.heading(f"the same with more brokers, {PRESSES} presses each; the peer is one broker")
    one = None
    for name, brokers, fault in CASES:
        took = measure(brokers, fault)
        one = one or took
        for percent in (50, 99):
            report.row(f"{name}, p{percent}", percentile(took, percent), "ms",
                       peer=percentile(one, percent))
