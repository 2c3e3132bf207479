"""Gates before a broker: they end TLS and change single packets, as brokers do that are older or in
trouble. The packets are exact, everything else is the real broker's."""

import select
import socket
import ssl
import threading

REFUSAL_311 = bytes([0x20, 2, 0, 1])  # CONNACK: unacceptable protocol version
REFUSAL_5 = bytes([0x20, 3, 0, 0x84, 0])  # CONNACK of MQTT 5: unsupported protocol version


class Gate:
    """Refuses MQTT 5 by `refusal`; None lets it pass."""

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
                if level == 5 and self._refusal is not None:
                    near.sendall(self._refusal)
                    return
                trust = ssl.create_default_context(cafile=str(self._broker.ca))
                plain = socket.create_connection(("127.0.0.1", self._broker.port))
                with trust.wrap_socket(plain, server_hostname=self._broker.host) as far:
                    far.sendall(first)
                    self._carry(near, far)
        except (OSError, ValueError, IndexError):
            client.close()

    def _carry(self, near, far):
        other = {near: far, far: near}
        while True:
            ready = [s for s in other if s.pending()] or select.select(list(other), [], [])[0]
            for s in ready:
                data = s.recv(65536)
                if not data:
                    return
                other[s].sendall(data if s is near else self._from_broker(data))

    def _from_broker(self, data):
        return data

    def close(self):
        self._listener.close()


class Swallower(Gate):
    """Keeps the first `count` PUBACKs from whoever published, and nothing else."""

    def __init__(self, broker, certificate, count=1):
        super().__init__(broker, certificate, None)
        self.left = count
        self._rest = b""

    def _from_broker(self, data):
        """Whole packets alone are passed on: a PUBACK begins with 0x40."""
        passed, self._rest = b"", self._rest + data
        while (size := packet_size(self._rest)) is not None:
            packet, self._rest = self._rest[:size], self._rest[size:]
            if packet[0] == 0x40 and self.left > 0:
                self.left -= 1
            else:
                passed += packet
        return passed


def packet_size(data):
    """Of the MQTT packet at the start, in bytes; None while it is not whole."""
    size = 0
    for i in range(1, min(len(data), 5)):
        size |= (data[i] & 0x7f) << 7 * (i - 1)
        if not data[i] & 0x80:
            return 1 + i + size if len(data) >= 1 + i + size else None
    return None
