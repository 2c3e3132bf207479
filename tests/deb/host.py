"""A host at a booted machine: set-up from answers, phones of the kit, a finger on a simulated wire."""

import http.client
import json
import shutil
import ssl
from types import SimpleNamespace

from tests.kit import local, wait
from tests.kit.joining import Joiner
from tests.kit.wires import Wires

ETC = "/etc/porchlight"
ROOT_KEY = "/media/usb/root.key"
ANSWERS = {"switch": "sim:counter", "door": "sim:entrance", "host": "localhost", "root": ROOT_KEY,
           "drill_wait": "120"}

# Simulated wires have a socket, which no unit makes room for: on a kiosk there are none.
WIRES = """[Service]
ExecStartPre=+/bin/chown porchlight /run/porchlight
ReadWritePaths=/run/porchlight
"""


class Host:
    def __init__(self, machine):
        self.machine = machine
        self.phones, self.back = [], None
        machine.do("mkdir -p /media/usb && mount -t tmpfs stick /media/usb")
        machine.do("grep -q localhost /etc/hosts 2>/dev/null || echo 127.0.0.1 localhost >>/etc/hosts")
        self.allow_wires()

    def allow_wires(self):
        self.machine.put("/etc/systemd/system/porchlightd.service.d/wires.conf", WIRES)
        self.machine.do("systemctl daemon-reload")

    def close(self):
        for phone in self.phones:
            self.machine.inside(phone.close)
        self.phones = []

    # --- set up -----------------------------------------------------------------------------------

    def answer(self, **changes):
        """The answers' file in the machine."""
        keys = {**ANSWERS, **changes}
        self.machine.put("/root/answers", "[setup]\n" + "".join(
            f"{k} = {v}\n" for k, v in keys.items()), "600")
        return "/root/answers"

    def status(self):
        return json.loads(self.machine.do("porchlight status --json"))

    def answers_with(self, true, what, within=60):
        """status, once it is as it should be; porchlightd may be down meanwhile."""
        def asked():
            code, said = self.machine.run("porchlight status --json")
            status = json.loads(said) if code == 0 else None
            return status if status and true(status) else None
        return wait.until(asked, lambda: f"{what}; {self.journal()}", within, every=0.1)

    def connected(self):
        return self.answers_with(lambda s: all(b["connected"] for b in s["brokers"]),
                                 "every broker")

    def journal(self, unit="porchlightd"):
        return self.machine.run(f"journalctl --no-pager -n 80 -o cat -u {unit}")[1]

    def page(self):
        """What a phone's browser gets. To be called in the machine's network."""
        tls = ssl.create_default_context(cafile=self.machine.path(f"{ETC}/broker-ca.pem"))
        server = http.client.HTTPSConnection("localhost", 443, context=tls, timeout=20)
        server.request("GET", "/")
        return server.getresponse().read().decode()

    # --- a phone ----------------------------------------------------------------------------------

    def invite(self):
        """A phone that was invited and has joined; the venue may be a second old."""
        def invited():
            code, said = self.machine.run("porchlight invite --leave --json")
            return json.loads(said)["link"] if code == 0 else None
        link = wait.until(invited, lambda: self.journal(), 60, every=0.2)
        phone = self.machine.inside(self._join, link)
        self.phones.append(phone)
        return phone

    def _join(self, link):
        joiner = Joiner(link, self._broker())
        key = joiner.join()
        self.back = lambda: joiner.member(key)
        return self.back()

    def phone_is_back(self):
        """The phone that joined last, after a silence."""
        phone = self.machine.inside(self.back)
        self.phones.append(phone)
        return phone

    def _broker(self):
        conf = self.machine.path(f"{ETC}/porchlight.conf").read_text().splitlines()
        ids = [line.split(" = ")[1] for line in conf if line.startswith("id = ")]
        ca = self.machine.layer / "ca.pem"  # a phone keeps it, whatever becomes of the machine
        shutil.copy(self.machine.path(f"{ETC}/broker-ca.pem"), ca)
        return SimpleNamespace(host="localhost", v5=True, port=8883, said=self.journal, ca=ca,
                               place="porchlight/" + "/".join(ids[:2]))

    # --- wires ------------------------------------------------------------------------------------

    @property
    def run(self):
        return self.machine.path("/run/porchlight")

    def wires(self):
        return Wires(self.run / "sim.sock")

    def hold(self, seconds=1.8, line="counter"):
        wires = self.wires()
        wires.hold(seconds, line)
        wires.close()

    def ask(self, request):
        return local.control(self.run / "control.sock", request)
