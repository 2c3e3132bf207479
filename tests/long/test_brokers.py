"""Brokers of other makes pass the tests of delivery, as they are; and three nodes of RabbitMQ are
one broker that outlives a node."""

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
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import ROOT
from tests.long.rabbitmq import Cluster, speaks_5

DELIVERY = ["press", "network", "command", "without"]

# RabbitMQ keeps retained messages for exact names alone, and the kiosk listens to command/+: what
# is retained there never reaches it, so there is nothing to refuse.
NOT_THERE = ["e2e/test_command.py::test_a_retained_command_is_refused"]


@pytest.mark.parametrize("make, without", [("tests.long.aedes:Aedes", []),
                                           ("tests.long.rabbitmq:Node", NOT_THERE)],
                         ids=["aedes", "rabbitmq"])
def test_the_delivery_tests_with_another_make(make, without):
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "2",
            *[f"tests/e2e/test_{name}.py" for name in DELIVERY]]
    for name in without:
        argv += ["--deselect", name]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(argv, cwd=ROOT, env={**env, "BROKER": make}, timeout=3600,
                          capture_output=True, text=True)
    print(f"{make}: {done.stdout.splitlines()[-1]}")
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) >= 36, done.stdout


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
    assert kiosk.status()["brokers"][0]["mqtt"] == ("5" if speaks_5() else "3.1.1")
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
