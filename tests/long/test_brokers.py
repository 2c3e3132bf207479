"""Brokers of other makes and releases pass the tests of delivery, as they are, sealed and plain; and three
nodes of RabbitMQ are one broker that outlives a node."""

import importlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.kit import wait
from tests.kit.broker import RIGHTS
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import ROOT
from tests.long.rabbitmq import Cluster

DELIVERY = ["press", "network", "command", "without"]

# RabbitMQ keeps retained messages for exact names alone, and the kiosk listens to command/+: what
# is retained there never reaches it, so there is nothing to refuse.
NOT_THERE = ["e2e/test_command.py::test_a_retained_command_is_refused"]
# By which name a client connects is read in mosquitto's log.
NOT_LOGGED = ["e2e/test_network.py::test_the_client_id_is_the_accounts_name_if_that_is_an_id_and_else_the_kiosks"]


# Of each: the class, what its release begins with, what it speaks, what of the tests cannot be.
MAKES = {
    "mosquitto of Debian 12": ("tests.long.mosquitto:Mosquitto", "2.0.11", "5", []),
    "mosquitto of Debian 13": ("tests.long.mosquitto:Mosquitto13", "2.0.2", "5", []),
    "mosquitto 2.1": ("tests.long.mosquitto:MosquittoSid", "2.1", "5", []),
    "RabbitMQ of Debian 12": ("tests.long.rabbitmq:Node", "3.10", "3.1.1", NOT_THERE + NOT_LOGGED),
    "RabbitMQ of Debian 13": ("tests.long.rabbitmq:Node13", "4.", "5", NOT_THERE + NOT_LOGGED),
    "aedes for Debian 12": ("tests.long.aedes:Aedes", "0.51", "3.1.1", NOT_LOGGED),
    "aedes for Debian 13": ("tests.long.aedes:Aedes13", "1.2", "3.1.1", NOT_LOGGED),
}


@pytest.fixture(params=list(MAKES))
def make(request):
    return MAKES[request.param]


def test_the_delivery_tests_with_another_make(make):
    name, _, _, without = make
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "2",
            *[f"tests/e2e/test_{part}.py" for part in DELIVERY]]
    for case in without:
        argv += ["--deselect", case]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(argv, cwd=ROOT, env={**env, "BROKER": name}, timeout=3600,
                          capture_output=True, text=True)
    print(f"{name}: {done.stdout.splitlines()[-1]}")
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) >= 36, done.stdout


@pytest.mark.parametrize("plain", [False, True], ids=["sealed", "plain"])
def test_a_night_with_another_make(make, plain, monkeypatch):
    """An alert, its state for a latecomer, what the hand-over is called, the broker's restart, the next
    alert, and the will of a kiosk that was unplugged."""
    name, release, speaks, _ = make
    module, _, kind = name.partition(":")
    assert getattr(importlib.import_module(module), kind).release().startswith(release)
    monkeypatch.setenv("BROKER", name)
    if plain:  # the broker is the host's own
        monkeypatch.setitem(RIGHTS, "plain kiosk", ["readwrite #"])
    with Kiosk(conf={**FAST, "plain": {"discovery": "no"}}, plain=plain) as kiosk:
        kiosk.start(connected=False)
        wait.until(kiosk.connected, lambda: f"{kiosk.status()}; {kiosk.daemon.said()}", 60, every=0.05)
        assert kiosk.status()["brokers"][0]["mqtt"] == speaks
        member = kiosk.member()
        kiosk.wires().hold(0.4)
        got = member.wait("lockdown", "alert")
        assert plain == (json.loads(got.wire)["kind"] == "lockdown" if got.wire[:1] == b"{" else False)
        said = "handed over" if speaks == "5" else "unproved"
        wait.until(lambda: kiosk.status()["alert"]["delivery"] == said, lambda: f"{kiosk.status()}")
        late = kiosk.member("spy", topics=["state"])
        assert late.wait("state", "state", state="lockdown").body["id"] == got.body["id"]
        kiosk.brokers[0].kill()
        wait.until(lambda: not kiosk.connected(), "that it notices")
        kiosk.brokers[0].start()
        wait.until(kiosk.connected, lambda: f"{kiosk.status()}", 60)
        wait.until(lambda: len(late.all("state", "state", state="lockdown")) > 1, "the state again", 60)
        assert kiosk.status()["brokers"][0]["fault"] == "fine", kiosk.status()
        watcher = kiosk.member("spy", topics=["presence"])
        watcher.wait("online", "presence")
        kiosk.daemon.kill()
        watcher.wait("lost", "presence", within=60)


class Front:
    """What is in front of a cluster: each connection goes to the first node that takes it."""

    def __init__(self, ports):
        self._ports = ports
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.taken = []  # the ports that connections went to
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _dial(self):
        for port in self._ports:
            try:
                far = socket.create_connection(("127.0.0.1", port), 1)
                self.taken.append(port)
                return far
            except OSError:
                continue
        return None

    def _carry(self, near):
        far = self._dial()
        if far is None:
            near.close()
            return
        other = {near: far, far: near}
        try:
            while True:
                for s in select.select(list(other), [], [])[0]:
                    data = s.recv(65536)
                    if not data:
                        return
                    other[s].sendall(data)
        except OSError:
            pass
        finally:
            near.close()
            far.close()

    def close(self):
        self._listener.close()


@pytest.fixture
def cluster():
    """(a kiosk that reaches three nodes by one address, the first of them first; the nodes)."""
    kiosk = Kiosk(conf=FAST)
    accounts = kiosk.brokers.pop().accounts
    made = Cluster(kiosk.folder / "cluster", kiosk.authority, kiosk.place)
    for node in made.nodes:
        node.accounts = accounts
    front = Front([node.port for node in made.nodes])
    kiosk.change({"broker b0": {"port": front.port}})
    try:
        made.start()
        kiosk.brokers = made.nodes
        kiosk.front = front
        for node in made.nodes:
            others = [n.node for n in made.nodes if n is not node]
            wait.until(lambda: all(f"rabbit on node {o} up" in node.said() for o in others),
                       lambda: node.said()[-3000:], 60, every=0.2)
        yield kiosk, made.nodes
    finally:
        kiosk.close()
        front.close()
        made.stop()


def ids(phone, kind):
    return {r.body["id"] for r in phone.all(kind, "alert")}


@pytest.mark.parametrize("moment", ["while the switch is held", "with the alert on its way"])
def test_a_cluster_outlives_a_node_in_the_middle_of_an_alert(cluster, moment):
    kiosk, nodes = cluster
    kiosk.start()
    assert kiosk.front.taken[-1] == nodes[0].port, "the kiosk is at the first node"
    assert kiosk.status()["brokers"][0]["mqtt"] == ("5" if nodes[0].v5 else "3.1.1")
    member, staff = kiosk.member(broker=1), kiosk.member("staff", broker=2)
    roaming = kiosk.member("spy", broker=0, topics=["alert", "state"], port=kiosk.front.port)
    member.wait("beat"), staff.wait("beat"), roaming.wait("state")
    wires = kiosk.wires()
    if moment == "while the switch is held":
        began = wires.set("front", True)
        time.sleep(0.1)
        nodes[0].kill()
        time.sleep(0.4)
        wires.set("front", False)
    else:
        nodes[0].freeze()  # what is published now is taken by nobody, and acknowledged by nobody
        began = wires.hold(0.4)
        wait.until(lambda: kiosk.status()["pending"] == 1, "the alert on its way")
        nodes[0].kill()
    first = member.wait("lockdown", "alert", within=30)
    staff.wait("lockdown", "alert", within=30)
    print(f"{moment}: at the member {first.at - began / 1e9 - 0.3:.2f} s after the gesture")
    wait.until(kiosk.connected, lambda: f"the next node: {kiosk.status()}", 20)
    assert kiosk.front.taken[-1] == nodes[1].port
    wait.until(lambda: kiosk.status()["pending"] == 0, "the hand-over")
    # A latecomer at the kiosk's node is given the state at once, as ever. RabbitMQ keeps what is
    # retained on the one node, so at another it comes with the state's next repeat.
    member.close()
    late = kiosk.member(broker=1)
    got = late.wait("state", "state", state="lockdown")
    assert got.retained and got.body["id"] == first.body["id"]
    staff.wait("state", "state", state="lockdown")
    # A phone that lost its node with the kiosk is taken by the next.
    roaming.wait("state", "state", state="lockdown", within=30)
    wait.never(lambda: len(ids(member, "lockdown") | ids(staff, "lockdown")) > 1,
               "a second alert of one press", 2)
    # The node that died comes back, and is one of the three again.
    late.close()
    nodes[0].start()
    back = kiosk.member(broker=0)
    assert back.wait("state", "state", state="lockdown", within=20).body["id"] == got.body["id"]
