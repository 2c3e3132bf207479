"""A gate before a broker that ends TLS and refuses MQTT 5, as older brokers do: the packets are
exact, everything else is the real broker's."""

import select
import socket
import ssl
import threading

REFUSAL_311 = bytes([0x20, 2, 0, 1])  # CONNACK: unacceptable protocol version
REFUSAL_5 = bytes([0x20, 3, 0, 0x84, 0])  # CONNACK of MQTT 5: unsupported protocol version


class Gate:
    def __init__(self, broker, certificate, refusal=REFUSAL_311):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*map(str, certificate))
        self._broker = broker
        self._refusal = refusal
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.host = "localhost"
        self.levels = []  # the protocol level of each CONNECT that came
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client):
        try:
            with self._context.wrap_socket(client, server_side=True) as near:
                first = near.recv(4096)
                level = first[first.index(b"MQTT") + 4]
                self.levels.append(level)
                if level == 5:
                    near.sendall(self._refusal)
                    return
                trust = ssl.create_default_context(cafile=str(self._broker.ca))
                plain = socket.create_connection(("127.0.0.1", self._broker.port))
                with trust.wrap_socket(plain, server_hostname=self._broker.host) as far:
                    far.sendall(first)
                    self._carry(near, far)
        except (OSError, ValueError, IndexError):
            client.close()

    @staticmethod
    def _carry(near, far):
        other = {near: far, far: near}
        while True:
            ready = [s for s in other if s.pending()] or select.select(list(other), [], [])[0]
            for s in ready:
                data = s.recv(65536)
                if not data:
                    return
                other[s].sendall(data)

    def close(self):
        self._listener.close()
