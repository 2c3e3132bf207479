"""In the emulated machine: one edge on two wires of its GPIO controller at once. One wire is porchlightd's
switch; on the other a shell does what hosts write first, gpiomon and mosquitto_pub. To one broker, by TLS
and QoS 1. An emulated machine shows which of two is quicker, and nothing about how quick a Pi is."""

import shutil
import time

from tests.bench.pressing import Subscriber
from tests.bench.report import percentile
from tests.board.packages import program
from tests.board.venue import SWITCH, Venue
from tests.kit import wait
from tests.kit.wires import MS, now

PRESSES, WIRE, HOLD_MS = 30, 7, 1000
CONF = {"switch front": {"hold": f"{HOLD_MS}ms", "press_max": "800ms", "wipe_hold": "0"}}
ACCOUNT = "shell"
PUBLISH = ("mosquitto_pub -V 5 -h broker.board -p {port} --cafile /etc/porchlight/ca.pem -u {user} -P {password} "
           "-i {user} -q 1 -t {topic}")
EDGES = f"stdbuf -oL gpiomon -c gpiochip0 -b pull-up -e falling {WIRE}"
SHELLS = {"gpiomon | mosquitto_pub -l": EDGES + " | {publish} -l",
          "gpiomon, and a mosquitto_pub for each press": EDGES + " | while read -r edge; do "
          "{publish} -m \"$edge\"; done"}


def arrival(subscriber, before):
    wait.until(lambda: subscriber.count() > before, "the message", 60, 0.002)
    return subscriber.received()[before][0]


def presses(venue, shell):
    """(ms by porchlightd, ms by the shell) of each press, to the subscriber."""
    publish = PUBLISH.format(port=venue.brokers[0].port, user=ACCOUNT, password="shell-password",
                             topic=f"{venue.place}/bench")
    script = shell.format(publish=publish)
    venue.board.run(f"systemd-run -q --collect -u shell sh -c '{script}'")
    venue.board.wait_for("gpioinfo -c gpiochip0 | grep -q gpiomon", 60)
    alerts, lines = (Subscriber(venue, topic, (eye, f"{eye}-password"))
                     for eye, topic in (("eye", "alert"), ("ear", "bench")))
    took = []
    for _ in range(PRESSES):
        before = alerts.count(), lines.count()
        zero = now()
        for wire in (WIRE, SWITCH):
            venue.board.wires.set(wire, 0)
        by_shell, mine = arrival(lines, before[1]), arrival(alerts, before[0])
        took.append(((mine - zero) / MS - HOLD_MS, (by_shell - zero) / MS))
        for wire in (WIRE, SWITCH):
            venue.board.wires.set(wire, 1)
        time.sleep(1.5)
    for one in (alerts, lines):
        one.close()
    venue.board.run("systemctl stop shell")
    return took


def bench(report):
    report.heading(f"In the emulated machine: a GPIO edge to the subscriber, {PRESSES} presses, over TLS")
    suite = "trixie"
    pub = program(suite, "mosquitto-clients", "usr/bin/mosquitto_pub")
    venue = Venue(suite, conf=CONF, files={"/usr/bin/mosquitto_pub": (pub, 0o755)})
    for account in ("eye", "ear", ACCOUNT):
        venue.brokers[0].account("bench", account, f"{account}-password")
    with venue:
        venue.boot(levels={WIRE: 1})
        for name, shell in SHELLS.items():
            took = presses(venue, shell)
            for percent in (50, 99):
                report.row(f"porchlightd beside {name}, p{percent}", percentile([m for m, _ in took], percent),
                           "ms", None, percentile([s for _, s in took], percent))
            report.distribution(f"in the emulated machine, beside {name}",
                                {"porchlightd": [m for m, _ in took], name: [s for _, s in took]})
    shutil.rmtree(venue.folder, ignore_errors=True)
