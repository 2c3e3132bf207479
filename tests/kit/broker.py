"""A real mosquitto: TLS on a free loopback port, passwords, and rights by role."""

import collections
import importlib
import os
import random
import signal
import socket
import subprocess
import time

from tests.kit import process, wait
from tests.kit.process import Process

CONF = """
per_listener_settings false
persistence false
allow_anonymous false
password_file {dir}/passwords
acl_file {dir}/rights
set_tcp_nodelay true
max_packet_size 4352
max_queued_messages 10000
log_dest stderr
log_type all
user root

listener {port} 127.0.0.1
certfile {cert}
keyfile {key}
"""

# What each role may do below porchlight/VENUE/KIOSK/, as kiosk/common/topics.c has it.
RIGHTS = {
    "kiosk": ["write alert", "write notice", "write staff", "readwrite state",
              "readwrite presence", "readwrite beat", "read ack/+", "read command/+",
              "readwrite enrol/+", "read relay/+",
              "write answer/+", "write ring", "read root", "write words/+", "write wake/+"],
    "member": ["read root", "read alert", "read state", "read presence", "read beat", "write ack/ACCOUNT",
               "read enrol/ACCOUNT", "read answer/ACCOUNT", "read words/+"],
    "staff": ["read root", "read alert", "read state", "read presence", "read beat", "read notice", "read staff",
              "write ack/ACCOUNT", "write command/ACCOUNT", "read enrol/ACCOUNT",
              "read answer/ACCOUNT", "read words/+"],
    "bench": ["read alert", "readwrite bench"],
    "spy": ["readwrite #"],
    "reads": ["read #"],
    "writes": ["write #"],
    "root": ["read ring", "read beat", "readwrite root"],
    "relay": ["read ring", "read presence", "read beat", "read root", "write relay/ACCOUNT",
              "write push", "read wake/+"],
}
# As kiosk/handbook/broker-rights.md has it, without those for Home Assistant.
RIGHTS["plain kiosk"] = RIGHTS["kiosk"] + ["write text", "write entity/+"]


# Below the ports that connections going out are given: none of those takes one of these.
PORTS = range(12000, 32000)
_ours = collections.deque(maxlen=400)


def free_port():
    """A port that no other test takes, whether its program listens at the moment or is between two
    starts: a name that stands for the port is ours as long as its socket is open."""
    while True:
        port = random.choice(PORTS)
        name = socket.socket(socket.AF_UNIX)
        with socket.socket() as s:
            try:
                name.bind(f"\0porchlight-port-{port}")
                s.bind(("127.0.0.1", port))
            except OSError:
                name.close()
                continue
        _ours.append(name)
        return port


def make_of_choice():
    """The class of brokers that a kiosk's are made of: the one here, unless BROKER names another
    make as MODULE:CLASS."""
    module, _, name = os.environ.get("BROKER", "").partition(":")
    return getattr(importlib.import_module(module), name) if name else Broker


class Broker:
    """Started by `start()`. Accounts are (role, account id, password); the account is its user."""

    v5 = True  # speaks MQTT 5

    def __init__(self, folder, authority, place, certificate=None, name="broker"):
        folder.mkdir(parents=True)
        self.folder = folder
        self.name = name
        self.host = "localhost"
        self.port = free_port()
        self.ca = authority.pem
        self.place = place
        self.accounts = {}
        self.process = None
        self.certificate = certificate or authority.server(name)

    def enter(self):
        """What runs the broker's program, in front of it."""
        return []

    def account(self, role, account, password):
        self.accounts[account] = (role, password)
        return self

    def _write(self):
        cert, key = self.certificate
        (self.folder / "mosquitto.conf").write_text(
            CONF.format(dir=self.folder, port=self.port, cert=cert, key=key))
        passwords = self.folder / "passwords"
        passwords.touch(mode=0o600)
        passwords.write_text("".join(f"{a}:{p}\n" for a, (_, p) in self.accounts.items()))
        made = process.run(["mosquitto_passwd", "-U", passwords])
        if made.returncode != 0:
            raise RuntimeError(f"mosquitto_passwd: {made.stderr}")
        rights = []
        for account, (role, _) in self.accounts.items():
            rights.append(f"user {account}")
            for line in RIGHTS[role]:
                verb, topic = line.replace("ACCOUNT", account).split()
                rights.append(f"topic {verb} {self.place}/{topic}")
        passwords.parent.joinpath("rights").write_text("\n".join(rights) + "\n")
        (self.folder / "rights").chmod(0o600)

    def start(self):
        self._write()
        log = self.folder / "log"
        before = len(self.said()) if log.exists() else 0
        self.process = Process(self.name, [*self.enter(), "mosquitto", "-c",
                                           self.folder / "mosquitto.conf"], log)
        end = time.monotonic() + wait.PATIENCE
        while time.monotonic() < end:
            if " running\n" in self.said()[before:]:  # a moment later it takes signals
                return self
            if not self.process.alive:
                break
            time.sleep(0.01)
        raise RuntimeError(f"mosquitto did not start: {self.process.said()}")

    def stop(self):
        """It forgets a SIGTERM that comes between its word "running" and its loop: then it gets another."""
        if self.process:
            self.process.thaw()
            self.process.signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.stop()
            self.process = None

    def kill(self):
        self.process.kill()
        self.process = None

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.thaw()

    def reload(self):
        """Rights and passwords are read again from their files."""
        self.process.popen.send_signal(signal.SIGHUP)

    def role(self, account, role):
        """From now on the account has this role's rights. A client may be disconnected by it."""
        self.accounts[account] = (role, self.accounts[account][1])
        if self.process:
            self._write()
            self.reload()

    def said(self):
        return (self.folder / "log").read_text(errors="replace")
