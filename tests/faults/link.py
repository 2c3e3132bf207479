"""A wire between kiosk and broker that can be cut, swallowed, slowed and reset."""

import select
import socket
import struct
import threading
import time

PASS, CUT, BLACKHOLE, DELAY = "pass", "cut", "blackhole", "delay"
SLOW_S = 0.4


class Link:
    """Carries TCP to a broker's port. `mode` may change at any time:
    pass       as it comes
    cut        new connections are refused at once, old ones are closed
    blackhole  bytes go in and none come out; new connections are taken and never answered
    delay      every piece waits SLOW_S first"""

    def __init__(self, port, family=socket.AF_INET):
        self._to = port
        self.mode = PASS
        self._pairs = set()
        self._lock = threading.Lock()
        here = "127.0.0.1" if family == socket.AF_INET else "::1"
        self._listener = socket.create_server((here, 0), family=family)
        self.port = self._listener.getsockname()[1]
        self.host = "localhost"
        self._end = False
        threading.Thread(target=self._serve, daemon=True).start()

    def set(self, mode):
        self.mode = mode
        if mode == CUT:
            self._close_all()

    def reset(self):
        """Every connection ends with RST."""
        with self._lock:
            for pair in self._pairs:
                for s in pair:
                    try:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    except OSError:
                        pass
        self._close_all()

    def close(self):
        self._end = True
        self._listener.close()
        self._close_all()

    def _close_all(self):
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()

    def _serve(self):
        while not self._end:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.mode == CUT:
                near.close()
                continue
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self._to), 2)
        except OSError:
            near.close()
            return
        pair = (near, far)
        with self._lock:
            self._pairs.add(pair)
        other = {near: far, far: near}
        try:
            while True:
                if self.mode == BLACKHOLE:
                    time.sleep(0.02)
                    continue
                for s in select.select(pair, [], [], 0.1)[0]:
                    if self.mode == BLACKHOLE:
                        break
                    data = s.recv(65536)
                    if not data:
                        return
                    if self.mode == DELAY:
                        time.sleep(SLOW_S)
                    other[s].sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._pairs.discard(pair)
            for s in pair:
                s.close()
