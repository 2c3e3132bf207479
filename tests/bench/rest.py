"""porchlightd at rest: one broker over TLS, no cover, the timings of a real kiosk. Two peers: the
script that many would write (paho, connected to the same broker, a heartbeat every 5 s), and for
memory mosquitto_sub, which has the same MQTT and TLS libraries and does nothing else."""

import resource
import subprocess
import sys
import time
from pathlib import Path

from tests.kit.kiosk import Kiosk, memory, own_memory, wakeups
from tests.kit.place import ROOT
from tests.kit.process import Process

SECONDS = 30
REPORT_EVERY = 1800  # s, of porchlight-doctor.timer

PEER = """
import sys, time
from tests.kit.member import paho_client
host, port, ca, account, password, topic = sys.argv[1:]
c = paho_client(account)
c.username_pw_set(account, password)
c.tls_set(ca_certs=ca)
c.connect(host, int(port), keepalive=10)
c.loop_start()
while True:
    c.publish(topic, b"beat")
    time.sleep(5)
"""


def processor_time(argv):
    """Seconds of a core that a command takes."""
    def used():
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return spent.ru_utime + spent.ru_stime
    before = used()
    subprocess.run(argv, capture_output=True, check=False)
    return used() - before


def busy_ns(pid):
    """ns on a processor, all threads."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in Path(f"/proc/{pid}/task").iterdir())


def watch(pids):
    before = [(busy_ns(p), wakeups(p)) for p in pids]
    began = time.monotonic()
    time.sleep(SECONDS)
    took = time.monotonic() - began
    return [((busy_ns(p) - b) / took / 1e7, (wakeups(p) - w) / took, memory(p) / 2**20,
             own_memory(p) / 2**20)
            for p, (b, w) in zip(pids, before)]


def bench(report):
    report.heading(f"porchlightd at rest, over {SECONDS} s; beside a Python script that only beats, and "
                   "for memory mosquitto_sub")
    with Kiosk("b", scaled=False) as kiosk:
        broker = kiosk.brokers[0]
        account, password = kiosk.account_of("member")
        kiosk.start()
        script = Process("script", [sys.executable, "-c", PEER, broker.host, broker.port, broker.ca,
                                    account, password, f"{kiosk.place}/ack/{account}"],
                         kiosk.logs / "script", cwd=ROOT)
        reader, reads = kiosk.account_of("staff")
        sub = Process("mosquitto_sub", ["mosquitto_sub", "-h", broker.host, "-p", broker.port,
                                        "--cafile", broker.ca, "-i", reader, "-u", reader, "-P", reads,
                                        "-t", f"{kiosk.place}/alert"], kiosk.logs / "sub")
        time.sleep(5)
        mine, beats, listens = watch([kiosk.daemon.pid, script.pid, sub.pid])
        for peer in (script, sub):
            if not peer.alive:
                raise RuntimeError(f"the peer ended: {peer.said()}")
        for i, (what, unit, limit, its) in enumerate((
                ("of one core", "%", 0.1, beats), ("wake-ups a second", "", 2, beats),
                ("resident", "MB", 8, listens),
                ("of it not shared with anybody", "MB", None, listens))):
            report.row(what, mine[i], unit, limit, its[i])
        report.row("doctor's report, twice an hour, of one core",
                   100 * processor_time(kiosk.command("porchlight", "--prefix", kiosk.prefix, "doctor",
                                                      "--report")) / REPORT_EVERY, "%", 0.1)
        script.stop()
        sub.stop()
