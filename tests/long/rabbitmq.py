"""RabbitMQ with its MQTT plugin, Debian's own, in a private folder: alone, or three as one cluster; and
the one of Debian 13.

Everything that Erlang would share with others of its kind is ours: the name server (epmd) on a port
of its own, the cookie, the home."""

import base64
import hashlib
import json
import os
import re
import secrets

from tests.kit import process, wait
from tests.kit.broker import RIGHTS, Broker, free_port
from tests.kit.process import Process
from tests.long import trees

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
LED = re.compile(r"mqtt_node: (candidate -> leader|detected a new leader)")
# An account's own, by the client id that is its name, as the registrar gives them; and those of tests/kit/voice.py.
QUEUES = r"^(mqtt-(subscription|will)-(voice-)?ACCOUNT(qos[01])?|amq\.topic)$"

# A phone's queue is on one node, and with that one dead no other takes the phone: so, mirrored.
POLICIES = [{"vhost": "/", "name": "phones", "pattern": "^mqtt-subscription-", "apply-to": "queues",
             "definition": {"ha-mode": "all"}, "priority": 0}]
CONF = """
listeners.tcp = none
mqtt.listeners.{plain}
mqtt.listeners.ssl.1 = {address}:{port}
mqtt.allow_anonymous = false
mqtt.exchange = amq.topic
ssl_options.cacertfile = {ca}
ssl_options.certfile = {cert}
ssl_options.keyfile = {key}
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
ssl_handshake_timeout = 5000
load_definitions = {folder}/definitions.json
"""


def version():
    """Of the one on this machine, as Debian writes it."""
    done = process.run(["dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"])
    assert done.returncode == 0, f"rabbitmq-server is missing: make test-long installs it: {done.stderr}"
    return done.stdout


def speaks_5(text):
    return numbers(text) >= (3, 13)


def numbers(text):
    return tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", text).groups())


def salted(password):
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def pattern(topics):
    """Topics as the plugin has them: dots for slashes, one word for +, the rest for #."""
    words = [re.escape(t.replace("/", ".")).replace(r"\+", r"[^.]+").replace(r"\#", ".*")
             for t in topics]
    return f"^({'|'.join(words)})$" if words else "^$"


def definitions(place, accounts, policies):
    def may(account, role, verb):
        return pattern([f"{place}/{topic.replace('ACCOUNT', account)}"
                        for line in RIGHTS[role] for said, topic in [line.split()]
                        if said in (verb, "readwrite")])
    users, rights, topics = [], [], []
    for account, (role, password) in accounts.items():
        users.append({"name": account, "password_hash": salted(password), "tags": [],
                      "hashing_algorithm": "rabbit_password_hashing_sha256"})
        queues = QUEUES.replace("ACCOUNT", re.escape(account))
        rights.append({"user": account, "vhost": "/", "configure": queues, "write": queues, "read": queues})
        topics.append({"user": account, "vhost": "/", "exchange": "amq.topic",
                       "write": may(account, role, "write"), "read": may(account, role, "read")})
    return {"vhosts": [{"name": "/"}], "users": users, "permissions": rights,
            "topic_permissions": topics, "policies": policies}


class Names:
    """epmd, by which nodes find each other."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        self.cookie = secrets.token_hex(10).upper()

    def start(self):
        self.process = Process("epmd", ["epmd", "-port", self.port, "-address", "127.0.0.1"],
                               self.folder / "epmd")
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process = None


class Node(Broker):
    """One node. `peers`: the names of all nodes of its cluster, its own among them. `local`: a port of
    127.0.0.1 without TLS, for benches."""

    v5 = property(lambda self: speaks_5(self.release()))

    @staticmethod
    def release():
        return version()

    def __init__(self, folder, authority, place, certificate=None, name="rabbit", names=None,
                 peers=()):
        super().__init__(folder, authority, place, certificate, name)
        self.names, self.own_names, self.peers = names, None, peers
        self.distribution = free_port()
        self.node = f"{name}@localhost"
        self.address, self.local = "127.0.0.1", None

    def _write(self):
        cert, key = self.certificate
        text = CONF.format(port=self.port, ca=self.ca, cert=cert, key=key, folder=self.folder, address=self.address,
                           plain=f"tcp.1 = 127.0.0.1:{self.local}" if self.local else "tcp = none")
        if self.peers:
            text += "cluster_formation.peer_discovery_backend = classic_config\n"
            text += "cluster_partition_handling = ignore\n"
            for i, peer in enumerate(self.peers):
                text += f"cluster_formation.classic_config.nodes.{i + 1} = {peer}@localhost\n"
        (self.folder / "rabbitmq.conf").write_text(text)
        (self.folder / "plugins").write_text("[rabbitmq_mqtt].\n")
        (self.folder / "definitions.json").write_text(
            json.dumps(definitions(self.place, self.accounts,
                                   POLICIES if numbers(self.release()) < (4, 0) else [])))
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text((self.names or self.own_names).cookie)
        cookie.chmod(0o400)

    def _environment(self, names):
        here = self.folder
        return process.environment(
            HOME=here, RABBITMQ_CONF_ENV_FILE=here / "none", RABBITMQ_NODENAME=self.node,
            RABBITMQ_MNESIA_BASE=here / "db", RABBITMQ_LOG_BASE=here / "log.d", RABBITMQ_LOGS="-",
            RABBITMQ_CONFIG_FILE=here / "rabbitmq.conf", RABBITMQ_PID_FILE=here / "pid",
            RABBITMQ_ENABLED_PLUGINS_FILE=here / "plugins", RABBITMQ_ALLOW_INPUT="1",
            RABBITMQ_DIST_PORT=self.distribution, ERL_EPMD_PORT=names.port,
            ERL_EPMD_ADDRESS="127.0.0.1",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-noinput -kernel inet_dist_use_interface "
                                                "{127,0,0,1}")

    def begin(self):
        """Without waiting: nodes of a cluster wait for each other."""
        if not self.names and not self.own_names:
            self.own_names = Names(self.folder).start()
        self._write()
        self._from = os.path.getsize(self.folder / "log") if (self.folder / "log").exists() else 0
        self.process = Process(self.name, [*self.enter(), SERVER], self.folder / "log", cwd=self.folder,
                               env=self._environment(self.names or self.own_names))
        return self

    def reload(self):
        done = process.run([*self.enter(), CONTROL, "-n", self.node, "import_definitions",
                            self.folder / "definitions.json"], 60, cwd=self.folder,
                           env=self._environment(self.names or self.own_names))
        assert done.returncode == 0, done.stdout + done.stderr

    def serves(self):
        wait.until(self._up, lambda: f"{self.node}; it said: {self.said()[-3000:]}", 300, every=0.1)
        return self

    def start(self):
        return self.begin().serves()

    def _up(self):
        assert self.process.alive, f"{self.node} ended: {self.said()[-3000:]}"
        return "Server startup complete" in self.said()[self._from:]

    def _names_end(self):
        if self.own_names:
            self.own_names.stop()
            self.own_names = None

    def kill(self):
        super().kill()
        self._names_end()

    def stop(self):
        """kill -9, as for every Erlang here: its own goodbye takes longer than a test."""
        if self.process:
            self.process.thaw()
            self.kill()


class Node13(Node):
    """In a Debian 13 tree."""

    @staticmethod
    def release():
        return trees.version("trixie", "rabbitmq-server")

    def enter(self):
        return trees.inside("trixie")


class Cluster:
    """Three nodes. The accounts go to each before it starts. Those of RabbitMQ 3 join one after the other:
    if they begin together, they sometimes end up with two minds about who leads the plugin's own Raft."""

    def __init__(self, folder, authority, place, size=3, node=Node):
        folder.mkdir(parents=True)
        names = [f"n{i}" for i in range(size)]
        self.names = Names(folder)
        self.nodes = [node(folder / n, authority, place, authority.server(n), n, self.names, names)
                      for n in names]

    def start(self):
        self.names.start()
        for node in self.nodes:
            node.begin()
            if not node.v5:
                node.serves()
                wait.until(lambda: LED.search(node.said()), lambda: f"a leader: {node.said()[-3000:]}", 60, every=0.1)
        for node in self.nodes:
            node.serves()
        return self

    def stop(self):
        for node in self.nodes:
            node.stop()
        self.names.stop()
