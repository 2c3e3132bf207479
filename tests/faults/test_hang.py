"""A name look-up that never ends is named, and holds up nothing else; nor does a systemd that has stopped."""

import os
import socket

from tests.faults.island import Island
from tests.kit import process, wait
from tests.kit.kiosk import FAST

WATCHDOG_S = 3.0


class Supervisor:
    """What systemd is to porchlightd: counts the signs of life that keep it from being killed."""

    def __init__(self, folder):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": folder / "notify",
                            "WATCHDOG_USEC": int(WATCHDOG_S * 1e6)}
        self._fed = 0

    def fed(self):
        """How many signs of life have come so far."""
        while True:
            try:
                said = self._socket.recv(4096)
            except BlockingIOError:
                return self._fed
            self._fed += b"WATCHDOG=1" in said

    def stop_reading(self):
        """Its queue is full from now on, as when systemd has frozen itself after a crash."""
        sent = 1
        while sent:
            sent = 0
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as another:
                another.setblocking(False)
                while self._took(another):
                    sent += 1

    def _took(self, sender):
        try:
            return sender.sendto(b"X=1", self._socket.getsockname())
        except BlockingIOError:
            return 0

    def close(self):
        self._socket.close()


def test_a_name_look_up_that_hangs_is_begun_again_and_named():
    kiosk = Island("f", conf=FAST, brokers=2)
    # Whoever opens this waits for a writer, and none comes: the hosts file of a dead disk.
    hosts = kiosk.net / "hosts"
    hosts.unlink()
    os.mkfifo(hosts)
    kiosk.change({"broker b1": {"host": "127.0.0.1"}})  # an address needs no look-up
    supervisor = Supervisor(kiosk.folder)
    kiosk.environment = supervisor.environment
    with kiosk:
        kiosk.start(connected=False)
        wait.until(lambda: kiosk.status()["brokers"][1]["connected"], "the other broker")
        member = kiosk.member(broker=1)
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        wait.until(lambda: kiosk.status()["brokers"][0]["fault"] == "dns",
                   "that the hanging look-up is noticed", 60, every=0.05)
        fed = supervisor.fed()
        wait.until(lambda: supervisor.fed() > fed + 1, "more signs of life for systemd", 60)
        assert kiosk.status()["brokers"][1]["connected"]
        # The disk answers again: new look-ups find the machine's own file, old ones end.
        done = process.run([*kiosk.enter(), "umount", "-l", "/etc/hosts"])
        assert done.returncode == 0, done.stderr
        os.close(os.open(hosts, os.O_RDWR | os.O_NONBLOCK))
        wait.until(kiosk.connected, lambda: f"both: {kiosk.status()}", 60)
        assert kiosk.status()["brokers"][0]["fault"] == "fine"
    supervisor.close()


def test_a_systemd_that_has_stopped_holds_up_no_alert():
    kiosk = Island("f", conf=FAST)
    supervisor = Supervisor(kiosk.folder)
    supervisor.stop_reading()
    kiosk.environment = supervisor.environment
    with kiosk:
        kiosk.start()
        member = kiosk.member()
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        assert supervisor.fed() == 0
        wait.until(lambda: supervisor.fed() > 0, "a sign of life, now that it reads again", 60)
    supervisor.close()
