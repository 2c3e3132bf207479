"""Chromium's own protocol, spoken to the browser itself: chromedriver passes commands to one window
only, and contexts with a storage of their own are made at the browser alone."""

import itertools
import json
import queue
import socket
import threading
import urllib.request

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Request

from tests.kit import wait


class Devtools:
    """Connected at once. `address`: HOST:PORT of the browser's debugging port."""

    def __init__(self, address):
        with urllib.request.urlopen(f"http://{address}/json/version", timeout=30) as told:
            target = json.load(told)["webSocketDebuggerUrl"].split(address, 1)[1]
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 30)
        self.socket.settimeout(None)
        self.wire, self.numbers = WSConnection(ConnectionType.CLIENT), itertools.count(1)
        self.waiting, self.heard, self.lock = {}, [], threading.Lock()
        self.socket.sendall(self.wire.send(Request(host=address, target=target)))
        self.opened = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.opened.wait(wait.PATIENCE), "the browser takes no second connection"

    def _read(self):
        text = ""
        while data := self._data():
            self.wire.receive_data(data)
            for event in self.wire.events():
                if isinstance(event, AcceptConnection):
                    self.opened.set()
                elif isinstance(event, Message):
                    text += event.data
                    if event.message_finished:
                        self._take(json.loads(text))
                        text = ""
                elif isinstance(event, CloseConnection):
                    return

    def _data(self):
        try:
            return self.socket.recv(65536)
        except OSError:
            return b""

    def _take(self, said):
        if "id" in said:
            self.waiting.pop(said["id"]).put(said)
        else:
            self.heard.append(said)

    def ask(self, method, session=None, **params):
        """The result of a command to the browser, or to an attached target."""
        answer, number = queue.Queue(), next(self.numbers)
        self.waiting[number] = answer
        command = {"id": number, "method": method, "params": params,
                   **({"sessionId": session} if session else {})}
        with self.lock:
            self.socket.sendall(self.wire.send(Message(json.dumps(command))))
        said = answer.get(timeout=wait.PATIENCE)
        assert "error" not in said, f"{method}: {said['error']}"
        return said["result"]

    def events(self, method, session):
        """What a session has reported, oldest first."""
        return [e["params"] for e in list(self.heard)
                if e["method"] == method and e.get("sessionId") == session]

    def close(self):
        self.socket.close()
