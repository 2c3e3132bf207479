"""A gateway of buttons by radio, as a kiosk sees it: a real mosquitto of its own, and somebody who
publishes there what zigbee2mqtt documents."""

import json
import secrets
import ssl

from tests.kit.broker import Broker
from tests.kit.member import paho_client

BASE = "zigbee2mqtt"


class Gateway(Broker):
    """Its kiosk may read BASE/#, and nothing else. Made with kiosk.authority; started by `start()`."""

    def __init__(self, kiosk):
        super().__init__(kiosk.folder / "gateway", kiosk.authority, BASE, name="gateway")
        self.reader, self.client = secrets.token_hex(4), None
        self.account("reads", self.reader, secrets.token_hex(12))
        self.account("writes", "gateway", secrets.token_hex(12))

    def section(self, **more):
        """[buttons] for the kiosk."""
        return {"buttons": {"host": self.host, "port": self.port, "ca": self.ca, "user": self.reader,
                            "password": "buttons", **more}}

    def give_password(self, kiosk):
        secret = kiosk.credentials / "buttons"
        secret.write_text(self.accounts[self.reader][1] + "\n")
        secret.chmod(0o600)

    def start(self):
        super().start()
        if not self.client:
            self.client = paho_client("gateway")
            self.client.username_pw_set("gateway", self.accounts["gateway"][1])
            self.client.tls_set(ca_certs=str(self.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
            self.client.reconnect_delay_set(1, 1)
            self.client.connect(self.host, self.port)
            self.client.loop_start()
        return self

    def stop(self):
        if self.client:
            self.client.disconnect()
            self.client.loop_stop()
            self.client = None
        super().stop()

    close = stop

    def say(self, name, retain=False, **payload):
        """What a device has published: gateway.say("counter", action="double", battery=74)."""
        self.publish(name, json.dumps(payload), retain)

    def available(self, name, online):
        self.publish(f"{name}/availability", json.dumps({"state": "online" if online else "offline"}),
                     True)

    def publish(self, name, text, retain=False):
        sent = self.client.publish(f"{BASE}/{name}", text, qos=1, retain=retain)
        sent.wait_for_publish(10)
        assert sent.is_published(), f"{name} was not taken"
