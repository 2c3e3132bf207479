"""A venue around one emulated kiosk: broker and phones on the host, the kiosk's files on its disk.

The kiosk reaches the host's loopback as broker.board, 10.0.2.2: QEMU's user-mode network.
"""

import base64
import fcntl
import json
import os
import re
import secrets
import time

from tests.board import disk, image
from tests.board.machine import Machine, MachineError
from tests.board.suite import BUILD
from tests.kit.broker import Broker
from tests.kit.kiosk import Keys, Kiosk, ini
from tests.kit.place import fresh

# The wires, all with contacts to ground and pulled up: 1 is open, 0 is closed.
SWITCH, DOOR, BACK, BACK_OTHER = 5, 6, 1, 2
REST = {SWITCH: 1, DOOR: 0, BACK: 1, BACK_OTHER: 0}

CONF = {
    "switch front": {"line": f"gpiochip0:{SWITCH}", "bias": "pull-up", "active": "low"},
    "switch back": {"line": f"gpiochip0:{BACK}", "other_line": f"gpiochip0:{BACK_OTHER}",
                    "bias": "pull-up", "active": "low"},
    "door entrance": {"line": f"gpiochip0:{DOOR}", "bias": "pull-up", "active": "high",
                      "held_open": "4s", "mask": "0"},
}


class BoardBroker(Broker):
    """The kit's broker, under the name by which the emulated kiosk reaches it too."""

    def __init__(self, folder, authority, place, name):
        hosts = ("DNS:localhost", "IP:127.0.0.1", "DNS:broker.board")
        super().__init__(folder, authority, place, authority.server(name, hosts), name)


class Venue(Kiosk):
    """A Kiosk of the kit whose programs run in a machine: `board`. Real timings unless told."""

    def __init__(self, suite, conf=None, files=None, disks=(), scaled=False, display=False,
                 **machine):
        super().__init__(kind="bd", conf=CONF, scaled=scaled)
        self.change({"broker b0": {"host": "broker.board", "ca": "/etc/porchlight/ca.pem"}})
        self.change(conf or {})
        self.suite = suite
        self.files = files or {}
        root = disk.copy(self._image(), str(self.folder / "vda.raw"))
        self._put(root)
        self.disks = [root, *disks]
        self.board = Machine(*self._kernel(), self.disks, str(self.folder / "board"),
                             display=display, **machine)

    def _broker(self, i):
        b = BoardBroker(self.folder / f"broker{i}", self.authority, self.place, f"broker{i}")
        for role, account in (("kiosk", self.account), ("member", None), ("staff", None),
                              ("relay", None)):
            b.account(role, account or secrets.token_hex(8), secrets.token_hex(12))
        return b

    def _image(self):
        os.makedirs(BUILD, exist_ok=True)
        with open(os.path.join(BUILD, "lock"), "w") as lock:  # another run may be at it too
            fcntl.flock(lock, fcntl.LOCK_EX)
            return image.disk(self.suite, image.stage(self.suite))

    def _kernel(self):
        return image.kernel(self.suite), image.initramfs(self.suite)

    def _put(self, root):
        disk.put(root, self._files())

    def _files(self):
        etc = "/etc/porchlight"
        files = {f"{etc}/porchlight.conf": (ini(self.conf).encode(), 0o644),
                 f"{etc}/ca.pem": (self.authority.pem.read_bytes(), 0o644)}
        for name in os.listdir(self.credentials):
            files[f"{etc}/credentials/{name}"] = ((self.credentials / name).read_bytes(), 0o600)
        for i in range(len(self.brokers)):
            self.staff_phone(i)
        for path in (self.state / "phones", *(self.state / "staff").iterdir()):
            files[f"/var/lib/porchlight/{path.relative_to(self.state)}"] = (path.read_bytes(), 0o600)
        files.update({path: (data, mode) for path, (data, mode) in self.files.items()})
        return files

    def close(self, quietly=False):
        self.board.close()
        super().close(quietly)

    # --- power --------------------------------------------------------------------------------

    def boot(self, levels=None, armed=True, within=240):
        """Powers the board on. Gives the seconds until it is armed and connected."""
        began = time.monotonic()
        self.board.start({**REST, **(levels or {})})
        self.board.wait_hand(within)
        if armed:
            self.wait_armed(timeout=within)
        return time.monotonic() - began

    def wait_armed(self, connected=True, timeout=240):
        self.board.wait_for("systemctl is-active porchlightd", timeout)
        self.wait_status(lambda s: not connected or all(b.get("connected") for b in s["brokers"]),
                         timeout)

    # --- the kiosk's own words ------------------------------------------------------------------

    def status(self):
        return json.loads(self.board.run("porchlight status --json"))

    def wait_status(self, good, timeout=60):
        end = time.monotonic() + timeout
        while True:
            code, text = self.board.call("porchlight status --json")
            said = json.loads(text) if code == 0 else None
            if said and good(said):
                return said
            if time.monotonic() > end:
                raise MachineError(f"status is {text!r}; the journal:\n{self.journal()}")
            time.sleep(0.3)

    def journal(self, unit="porchlightd"):
        return self.board.call(f"journalctl --no-pager -o cat -u {unit} | tail -60")[1]

    def reset(self):
        """A kiosk that never alerted: while porchlightd is down the record is taken away, and what
        the brokers have kept of an alert, which would be continued otherwise."""
        for line, level in REST.items():
            self.board.wires.set(line, level)
        self.board.run("systemctl stop porchlightd && "
                       "find /var/lib/porchlight -maxdepth 1 -type f ! -name phones -delete")
        while self.mailboxes:
            self.mailboxes.pop().close()
        for broker in self.brokers:
            broker.stop()
            broker.start()
        self.board.run("systemctl start porchlightd")
        self.wait_armed()

    def member(self, role="member", broker=0, **more):
        """A phone; one of the same account that is still there is put away, as its own broker
        would throw it off."""
        account = self.account_of(role, broker)[0]
        for box in [b for b in self.mailboxes if getattr(b, "account", None) == account]:
            box.close()
            self.mailboxes.remove(box)
        return super().member(role, broker, **more)

    # --- hands ----------------------------------------------------------------------------------

    def press(self, seconds, line=SWITCH):
        self.board.wires.set(line, 0)
        time.sleep(seconds)
        self.board.wires.set(line, 1)

    def presses(self, count):
        for _ in range(count):
            self.press(0.2)
            time.sleep(0.25)


class BareVenue(Venue):
    """A board without Porchlight: a package brings it, and `porchlight setup` makes its keys. What
    the venue around it has to know of them is learned then."""

    def _image(self):
        return image.disk(self.suite)

    def _files(self):
        return dict(self.files)

    def reset(self):
        """The broker on the kiosk forgets the alert too."""
        self.board.run("systemctl stop porchlightd && systemctl restart porchlight-broker")
        super().reset()

    @staticmethod
    def parse(text):
        return json.loads(text)

    def put(self, path, data):
        data = data.encode() if isinstance(data, str) else data
        self.board.run(f"echo {base64.b64encode(data).decode()} | base64 -d >{path}")

    def set_up(self, within=600):
        """`porchlight setup` from answers, with the root key onto the stick /dev/vdb: a broker on the
        kiosk and one elsewhere, which is somebody else's. Gives the seconds until it says that it is done."""
        broker = self.brokers[0]
        user, password = self.account_of("kiosk")
        self.put("/root/ca.pem", broker.ca.read_text())
        self.put("/root/account", f"[account]\nuser = {user}\npassword = {password}\nca = /root/ca.pem\n")
        self.put("/root/answers",
                 f"[setup]\nswitch = gpiochip0:{SWITCH}\ndoor = gpiochip0:{DOOR}\nbroker = both\n"
                 f"outside = broker.board:{broker.port}\noutside_account = /root/account\n"
                 "host = localhost\nroot = /media/usb/root.key\ndrill = no\nlights = dark\n")
        self.board.run("mount /dev/vdb /media/usb")
        began = time.monotonic()
        said = self.board.run("porchlight setup --answers /root/answers", timeout=within)
        seconds = time.monotonic() - began
        assert "This kiosk is set up" in said, said
        self.learn()
        return seconds

    def learn(self):
        conf = self.board.run("cat /etc/porchlight/porchlight.conf")
        self.venue, self.id = re.findall(r"(?m)^id *= *(\w+)", conf)[:2]
        self.place = f"porchlight/{self.venue}/{self.id}"
        held = "/etc/porchlight/credentials"
        self.keys = Keys(*(bytes.fromhex(self.board.run(f"cat {held}/{name}").strip())
                           for name in ("venue.key", "kiosk.pub")))
        (self.credentials / "root.pub").write_text(self.board.run(f"cat {held}/root.pub"))
        for broker in self.brokers:
            broker.stop()
            broker.place = self.place
            broker.start()


def begin(suite, **more):
    """A venue with its broker up and its board still off."""
    return Venue(suite, **more).__enter__()


__all__ = ["Venue", "begin", "fresh", "SWITCH", "DOOR", "BACK", "BACK_OTHER", "REST"]
