"""A venue with two ways out, in network namespaces: the kiosk has eth0 and wwan0, each with a router
and a DNS server of its own; behind both is the broker. Each way can fail in each of FAILURES. Phones
are in the test itself, and reach the broker by neither."""

import os
import signal
import socket
import sys
from pathlib import Path

from tests.kit import process, wait
from tests.kit.broker import Broker, free_port
from tests.kit.kiosk import Kiosk
from tests.kit.place import program, ROOT
from tests.kit.process import Process
from tests.kit.ways_outside import ADDRESS

NAME = "broker.test"
WAYS = {"eth0": 1, "wwan0": 2}
# The provider's side is unplugged; packets vanish; the router answers in the broker's place; the
# interface has no carrier; three packets of ten vanish.
FAILURES = ["cut", "blackhole", "portal", "carrier", "loss"]
PYTHON = sys.executable


class Space:
    """One network namespace (and one of mounts), alive as long as a process in it."""

    def __init__(self, name, folder, inside=None):
        is_root = inside is not None or os.geteuid() == 0
        outer = inside.enter(whole=False) if inside and os.geteuid() != 0 else []
        self.name = name
        self.ready = folder / f"{name}.ready"
        self.holder = Process(name, [*outer, *process.own_mounts(is_root), "--net", "sh", "-ec",
                                     'ip link set lo up; touch "$1"; exec sleep infinity', "sh",
                                     self.ready], folder / f"{name}.log")
        wait.until(self.ready.exists, lambda: f"{name}: {self.holder.said()}")

    def enter(self, whole=True):
        """What runs a command in it. By itself a mount namespace would take us out of a chroot."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", f"--target={self.holder.pid}", *user,
                *(["--net", "--mount", "--root", "--wd"] if whole else []), "--"]

    def run(self, script, *args):
        done = process.run([*self.enter(), "sh", "-ec", script, "sh", *args])
        assert done.returncode == 0, f"{self.name}: {script}: {done.stderr}"


def helper(space, log, what, *args, **more):
    """One of the functions of ways_outside, in a namespace."""
    return Process(what, [*space.enter(), PYTHON, "-S", "-c",
                          f"from tests.kit.ways_outside import {what}; {what}({', '.join(map(repr, args))})"],
                   log, env=process.environment(PYTHONPATH=ROOT), cwd=ROOT, **more)


class FarBroker(Broker):
    """In a namespace of its own, at an address of that."""
    space, address = None, ADDRESS

    def enter(self):
        return self.space.enter()

    def _write(self):
        super()._write()
        conf = self.folder / "mosquitto.conf"
        text, local = conf.read_text(), f"listener {self.port} 127.0.0.1"
        assert local in text
        conf.write_text(text.replace(local, f"listener {self.port} {self.address}"))


class TwoWays(Kiosk):
    """A kiosk whose [broker b0] goes by eth0 and whose [broker lte] by wwan0."""

    def __init__(self, **more):
        self.spaces, self.helpers = {}, []
        super().__init__(**more)
        broker = self.brokers[0]
        password = "lte-" + self.password
        self.second = self.password  # 16 hex digits: an account's name
        broker.account("kiosk", self.second, password)
        secret = self.credentials / "broker-lte"
        secret.write_text(password + "\n")
        secret.chmod(0o600)
        way = dict(self.conf["broker b0"], host=NAME)
        self.change({"broker b0": {**way, "interface": "eth0"},
                     "broker lte": {**way, "interface": "wwan0", "user": self.second,
                                    "password": "broker-lte"}})
        self.switch = self.conf["switch front"]["line"].removeprefix("sim:")

    def _broker(self, i):
        broker = FarBroker(self.folder / f"broker{i}", self.authority, self.place,
                           self.authority.server("far", hosts=(f"DNS:{NAME}", "DNS:localhost")),
                           name=f"broker{i}")
        for role in ("member", "staff", "spy"):
            broker.account(role, os.urandom(8).hex(), os.urandom(12).hex())
        return broker.account("kiosk", self.account, os.urandom(12).hex())

    def __enter__(self):
        try:
            self._build()
            self._serve()
        except BaseException:
            self.close(quietly=True)
            raise
        return super().__enter__()

    def _build(self):
        first = None
        for name in ("kiosk", "server", *(f"router-{i}" for i in WAYS)):
            self.spaces[name] = Space(name, self.logs, first)
            first = first or self.spaces[name]
        pid = {name: space.holder.pid for name, space in self.spaces.items()}
        self.spaces["server"].run(f"ip addr add {ADDRESS}/32 dev lo")
        for interface, n in WAYS.items():
            router = self.spaces[f"router-{interface}"]
            self._wire(interface, router)
            router.run(f"""
                ip link add outside type veth peer name way{n} netns {pid["server"]}
                ip addr add 10.{n}.0.1/24 dev inside; ip addr add 10.3.{n}.1/24 dev outside
                ip link set inside up; ip link set outside up
                echo 1 >/proc/sys/net/ipv4/ip_forward
                nft add table ip way
                nft "add chain ip way forward {{ type filter hook forward priority 0; }}"
                """)
            self.spaces["server"].run(f"""
                ip addr add 10.3.{n}.2/24 dev way{n}; ip link set way{n} up
                ip route add 10.{n}.0.0/24 via 10.3.{n}.1""")
            router.run(f"ip route add {ADDRESS} via 10.3.{n}.2")
            self.spaces["kiosk"].run(f"""
                ip addr add 10.{n}.0.2/24 dev {interface}; ip link set {interface} up
                ip route add default via 10.{n}.0.1 dev {interface} metric {100 * n}
                echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter""")
        resolv = self.folder / "resolv.conf"
        resolv.write_text("".join(f"nameserver 10.{n}.0.1\n" for n in WAYS.values()))
        self.spaces["kiosk"].run("""
            mount --bind "$1" "$(readlink -f /etc/resolv.conf)"
            [ ! -d /run/systemd ] || mount -t tmpfs tmpfs /run/systemd""", resolv)

    def _wire(self, interface, router):
        """`interface` of the kiosk, and `inside` of its router at the other end."""
        router.run(f"ip link add inside type veth peer name {interface} netns {self.spaces['kiosk'].holder.pid}")

    def _serve(self):
        broker = self.brokers[0]
        broker.space = self.spaces["server"]
        for interface, n in WAYS.items():
            router = self.spaces[f"router-{interface}"]
            for what, argument in (("answer_names", f"10.{n}.0.1"), ("answer_logins", broker.port)):
                self.helpers.append(helper(router, self.logs / f"{what}{n}", what, argument))
        for one in self.helpers:
            wait.until(lambda h=one: "ready" in h.said(), lambda h=one: f"{h.name}: {h.said()}")
        self.near = free_port()
        listener = socket.create_server(("127.0.0.1", self.near))
        os.set_inheritable(listener.fileno(), True)
        self.helpers.append(Carrier(self, listener, broker.port))

    def command(self, name, *args):
        argv = super().command(name, *args)
        return [*self.spaces["kiosk"].enter(), *argv] if name == "porchlightd" else argv

    def end_alert(self):
        """As a staff phone does; by the ways of the kiosk, which have to work."""
        account, key, password = self.staff_phone()
        return process.run([*self.spaces["kiosk"].enter(), program("porchlight"), "--prefix", self.prefix,
                            "command", "all-clear", "--key", key, "--user", account, "--password", password,
                            "--for", "20s"], 60)

    def member(self, role="member", broker=0, **more):
        return super().member(role, broker, port=self.near, **more)

    def close(self, quietly=False):
        for one in (*self.helpers, *(s.holder for s in self.spaces.values())):
            one.stop()
        self.helpers, self.spaces = [], {}
        super().close(quietly)

    # --- what can go wrong -----------------------------------------------------------------------

    def fail(self, interface, how):
        self.spaces[f"router-{interface}"].run({
            "cut": "ip link set outside down",
            "blackhole": "nft add rule ip way forward drop",
            "portal": f"ip addr add {ADDRESS}/32 dev lo",
            "carrier": "ip link set inside down",
            "loss": "nft add rule ip way forward numgen random mod 100 '<' 30 drop",
        }[how])

    def heal(self, interface, how):
        n = WAYS[interface]
        self.spaces[f"router-{interface}"].run({
            "cut": f"ip link set outside up; ip route add {ADDRESS} via 10.3.{n}.2",
            "portal": f"ip addr del {ADDRESS}/32 dev lo",
            "carrier": "ip link set inside up",
        }.get(how, "nft flush chain ip way forward"))


class ByModem(TwoWays):
    """The same, whose wwan0 is an LTE modem's: raw IP, the delays of radio, and a new address each time that it
    is attached to its cell."""

    def _wire(self, interface, router):
        self.lease = 2
        if interface != "wwan0":
            super()._wire(interface, router)
            return
        self.modem = helper(self.spaces["kiosk"], self.logs / "modem", "radio",
                            f"/proc/{router.holder.pid}/ns/net")
        self.helpers.append(self.modem)
        wait.until(lambda: "ready" in self.modem.said(), lambda: f"the modem: {self.modem.said()}")

    def detach(self):
        """The cell is lost; ModemManager takes the address away."""
        self.modem.signal(signal.SIGUSR1)
        self.spaces["kiosk"].run("ip addr flush dev wwan0")

    def attach(self):
        self.lease += 1
        self.modem.signal(signal.SIGUSR2)
        self.spaces["kiosk"].run(f"""
            ip addr add 10.2.0.{self.lease}/24 dev wwan0
            ip route add default via 10.2.0.1 dev wwan0 metric 200""")


class Carrier:
    """`carry`, with a socket of ours."""

    def __init__(self, world, listener, port):
        import subprocess
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *world.spaces["server"].enter(), PYTHON, "-S", "-c",
             f"from tests.kit.ways_outside import carry; carry({listener.fileno()}, {port})"],
            pass_fds=[listener.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL,
            stderr=open(Path(world.logs) / "carrier", "wb"),
            env=process.environment(PYTHONPATH=ROOT))
        listener.close()

    def stop(self):
        self.popen.kill()
        self.popen.wait()
