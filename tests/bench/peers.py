"""Peers that the kiosk is measured beside: version 0.1.0 of itself; `mosquitto_pub -l`, and Node-RED with a TCP
input and an MQTT output. These two publish to the same broker by TLS and QoS 1, one line in, one message out."""

import json
import socket
import subprocess
import time

from tests.kit import npm, wait
from tests.kit.broker import free_port
from tests.kit.place import ROOT
from tests.kit.process import Process
from tests.kit.wires import MS, now

OLD = "513488eee986f1be77639b0508580199a6678dbd"
SPACING_S = 0.063  # a press of ours takes as long, and a processor that rests wakes up slowly
LINE = 768  # as long as an alert on the wire

SETTINGS = """module.exports = { flowFile: 'flows.json', credentialSecret: false, httpAdminRoot: false,
  httpNodeRoot: false, uiHost: '127.0.0.1', uiPort: %d, userDir: '%s',
  logging: { console: { level: 'info' } } }
"""


def old_tree(*programs):
    """Version 0.1.0, from this repository's history: these programs, built once below build/."""
    there = ROOT / "build/bench/old"
    if not (there / "Makefile").exists():
        there.mkdir(parents=True)
        sources = subprocess.run(["git", "-C", str(ROOT), "archive", OLD], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", str(there)], input=sources, check=True)
    subprocess.run(["make", "-s", "-j2", *(f"build/release/{name}" for name in programs)], cwd=there, check=True)
    return there


class Publisher:
    """mosquitto_pub -l."""

    def __init__(self, kiosk, topic, account, password):
        broker = kiosk.brokers[0]
        self._process = Process(
            "mosquitto_pub", ["mosquitto_pub", "-V", "5", "-h", broker.host, "-p", broker.port,
                              "--cafile", broker.ca, "-u", account, "-P", password, "-i", account,
                              "-q", "1", "-l", "-t", topic],
            kiosk.logs / "pub", stdin=subprocess.PIPE)
        wait.until(lambda: f"as {account}" in broker.said(), "mosquitto_pub's connection")

    def send(self, line):
        self._process.popen.stdin.write(line)
        self._process.popen.stdin.flush()

    def close(self):
        self._process.popen.stdin.close()
        self._process.stop()


class NodeRed:
    """Node-RED 4: a TCP input, an MQTT output."""

    def __init__(self, kiosk, topic, account, password):
        broker, folder = kiosk.brokers[0], kiosk.folder / "node-red"
        folder.mkdir()
        port = free_port()
        (folder / "settings.js").write_text(SETTINGS % (free_port(), folder))
        (folder / "flows.json").write_text(json.dumps([
            {"id": "f1", "type": "tab", "label": "alarm"},
            {"id": "t1", "type": "tls-config", "ca": str(broker.ca), "cert": "", "key": "",
             "verifyservercert": True, "servername": "localhost", "alpnprotocol": ""},
            {"id": "b1", "type": "mqtt-broker", "broker": broker.host, "port": str(broker.port),
             "tls": "t1", "usetls": True, "clientid": account, "protocolVersion": "5",
             "keepalive": "60", "cleansession": True, "autoConnect": True},
            {"id": "o1", "type": "mqtt out", "z": "f1", "topic": topic, "qos": "1", "retain": "false",
             "broker": "b1", "wires": []},
            {"id": "i1", "type": "tcp in", "z": "f1", "server": "server", "host": "", "port": str(port),
             "datamode": "stream", "datatype": "utf8", "newline": "\\n", "topic": "",
             "wires": [["o1"]]}]))
        (folder / "flows_cred.json").write_text(json.dumps(
            {"b1": {"user": account, "password": password}}))
        red = npm.installed(ROOT / "tests/bench/node-red", "node-red") / "node_modules/node-red/red.js"
        self._process = Process("node-red", ["node", red, "--settings", folder / "settings.js"],
                                kiosk.logs / "node-red")
        wait.until(lambda: f"as {account}" in broker.said(),
                   lambda: f"Node-RED's connection; it said {self._process.said()[-2000:]}", 60)
        self._socket = wait.until(lambda: self._dial(port), "Node-RED's input")

    @staticmethod
    def _dial(port):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            return None

    def send(self, line):
        self._socket.sendall(line)

    def close(self):
        self._socket.close()
        self._process.stop()


def latency(peer, subscriber, count):
    """[ms from a line to the subscriber's message]."""
    began = []
    for _ in range(count):
        began.append(now())
        peer.send(b"x" * (LINE - 1) + b"\n")
        time.sleep(SPACING_S)
    wait.until(lambda: subscriber.count() >= count, "the peer's messages", 20, every=0.2)
    return [(at - zero) / MS for (at, _), zero in zip(subscriber.received(), began)]
