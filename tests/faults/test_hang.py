"""A name look-up that never ends is named, and holds up nothing else."""

import os
import socket
import time

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
        self._fed = None
        self.longest = 0.0

    def look(self):
        """The longest time between two feeds so far, s."""
        while True:
            try:
                said = self._socket.recv(4096)
            except BlockingIOError:
                break
            if b"WATCHDOG=1" in said:
                now = time.monotonic()
                self.longest = max(self.longest, now - (self._fed or now))
                self._fed = now
        return max(self.longest, time.monotonic() - self._fed) if self._fed else 0.0

    def close(self):
        self._socket.close()


def test_a_name_look_up_that_hangs_is_begun_anew_and_named():
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
        assert member.wait("lockdown", "alert").body["age_ms"] < 5000

        def named():
            assert supervisor.look() < WATCHDOG_S, "systemd would have killed it"
            return kiosk.status()["brokers"][0]["fault"] == "dns"
        wait.until(named, "that the hanging look-up is noticed", 60, every=0.05)
        assert kiosk.status()["brokers"][1]["connected"]
        # The disk answers again: new look-ups find the machine's own file, old ones end.
        done = process.run([*kiosk.enter(), "umount", "-l", "/etc/hosts"])
        assert done.returncode == 0, done.stderr
        os.close(os.open(hosts, os.O_RDWR | os.O_NONBLOCK))
        wait.until(kiosk.connected, lambda: f"both: {kiosk.status()}", 60)
        assert kiosk.status()["brokers"][0]["fault"] == "fine"
    supervisor.close()
