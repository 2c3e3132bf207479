"""RabbitMQ with its management plugin, and porchlight-registrar beside it."""

import base64
import json
import secrets
import urllib.error
import urllib.request

from tests.kit.broker import free_port
from tests.kit.registrar import Registrar
from tests.long.rabbitmq import Node, Node13, definitions, salted


class Managed(Node):
    """With the management plugin, and one user: the registrar, an administrator."""

    def __init__(self, folder, authority, place="porchlight/x/y", *more):
        super().__init__(folder, authority, place, *more)
        self.api, self.admin = free_port(), secrets.token_urlsafe(24)

    def _write(self):
        super()._write()
        conf = self.folder / "rabbitmq.conf"
        conf.write_text(conf.read_text() + f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.api}\n")
        (self.folder / "plugins").write_text("[rabbitmq_mqtt,rabbitmq_management].\n")
        made = definitions(self.place, {}, [])
        made["users"].append({"name": "registrar", "password_hash": salted(self.admin),
                              "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ["administrator"]})
        (self.folder / "definitions.json").write_text(json.dumps(made))

    def ask(self, path):
        """What the API answers; None: 404."""
        word = base64.b64encode(f"registrar:{self.admin}".encode()).decode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}/api/{path}",
                                         headers={"Authorization": f"Basic {word}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as wrong:
            assert wrong.code == 404, (path, wrong)
            return None

    def user(self, account):
        return self.ask(f"users/{account}")


class Managed13(Managed, Node13):
    """The same in a Debian 13 tree."""


class BesideRabbit(Registrar):
    def __init__(self, prefix, broker):
        self.prefix, self.broker, self.process, self.starts = prefix, broker, None, 0
        self.folder = prefix / "etc/porchlight/registrar"
        self.folder.mkdir(parents=True)
        (prefix / "var/lib/porchlight-registrar").mkdir(parents=True)
        self.put("registrar.conf", f"[broker]\nhost = localhost\nport = {broker.port}\ntls = yes\n"
                                   f"ca = {broker.ca}\naccounts = rabbitmq\n"
                                   f"management = http://127.0.0.1:{broker.api}\n")
        self.put("password", broker.admin + "\n")
