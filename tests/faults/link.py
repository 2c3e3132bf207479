"""A wire between kiosk and broker that can be cut, swallowed, slowed, reset and led astray."""

import select
import socket
import struct
import threading
import time

PASS, CUT, BLACKHOLE, DELAY, PORTAL = "pass", "cut", "blackhole", "delay", "portal"
SLOW_S = 0.4
FOUR, SIX = socket.AF_INET, socket.AF_INET6
HERE = {FOUR: "127.0.0.1", SIX: "::1"}
PAGE = b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n"


def listeners(families):
    """One listener a family, all on one port that was free."""
    while True:
        first = socket.create_server((HERE[families[0]], 0), family=families[0])
        made, port = {families[0]: first}, first.getsockname()[1]
        try:
            for family in families[1:]:
                made[family] = socket.create_server((HERE[family], port), family=family)
            return made
        except OSError:
            for s in made.values():
                s.close()


def swallow(listener):
    """A queue that is full: the kernel answers no further SYN. What fills it."""
    listener.listen(0)
    fillers = [socket.socket(listener.family) for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return fillers


class Hole:
    """An address that swallows each SYN, until it takes connections, counts them, and says nothing."""

    def __init__(self, address, port):
        self._listener = socket.create_server((address, port))
        self._fillers = swallow(self._listener)
        self._mine = [filler.getsockname() for filler in self._fillers]
        self.taken = []

    def take(self):
        for filler in self._fillers:
            filler.close()
        self._listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            while True:
                near, peer = self._listener.accept()
                if peer not in self._mine:
                    self.taken.append(near)
        except OSError:
            pass

    def close(self):
        self._listener.close()
        for near in self.taken:
            near.close()


class Link:
    """Carries TCP to a broker's port. `mode` may change at any time:
    pass       as it comes
    cut        new connections are refused at once, old ones are closed
    blackhole  bytes go in and none come out; nobody answers a new connection's first packet
    delay      every piece waits SLOW_S first
    portal     a captive portal: old connections are closed, new ones answered in HTTP
    and `families` may: those not in it are cut."""

    def __init__(self, port, families=(FOUR,)):
        self._to = port
        self.mode = PASS
        self.families = set(families)
        self._pairs = {}  # a pair of sockets: the family it came by
        self._lock = threading.Lock()
        self._listeners = listeners(families)
        self._fillers = []
        self.port = self._listeners[families[0]].getsockname()[1]
        self.host = "localhost"
        self._end = False
        threading.Thread(target=self._serve, daemon=True).start()

    def set(self, mode):
        was, self.mode = self.mode, mode
        if mode == BLACKHOLE:
            self._swallow()
        elif was == BLACKHOLE:
            self._answer()
        if mode in (CUT, PORTAL):
            self._close(self._listeners)

    def to(self, port):
        """Where new connections go from now on."""
        self._to = port

    def only(self, *families):
        """From now on by these families alone."""
        self.families = set(families)
        self._close(f for f in self._listeners if f not in self.families)

    def reset(self):
        """Every connection ends with RST."""
        with self._lock:
            for pair in self._pairs:
                for s in pair:
                    try:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    except OSError:
                        pass
        self._close(self._listeners)

    def close(self):
        self._end = True
        self._answer()
        for s in self._listeners.values():
            s.close()
        self._close(self._listeners)

    def _swallow(self):
        for s in self._listeners.values():
            self._fillers += swallow(s)

    def _answer(self):
        for s in self._listeners.values():
            s.listen(64)
        fillers, self._fillers = self._fillers, []
        for s in fillers:
            s.close()

    def _close(self, families):
        families = set(families)
        with self._lock:
            gone = [p for p, family in self._pairs.items() if family in families]
            for pair in gone:
                del self._pairs[pair]
        for pair in gone:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()

    def _serve(self):
        while not self._end:
            try:
                ready = select.select(list(self._listeners.values()), [], [], 0.05)[0]
            except (OSError, ValueError):
                return
            if self.mode == BLACKHOLE:
                time.sleep(0.02)
                continue
            for s in ready:
                try:
                    near, _ = s.accept()
                except OSError:
                    continue
                self._take(near, s.family)

    def _take(self, near, family):
        if self.mode == CUT or family not in self.families:
            near.close()
        elif self.mode == PORTAL:
            threading.Thread(target=self._lead_astray, args=(near,), daemon=True).start()
        else:
            threading.Thread(target=self._carry, args=(near, family), daemon=True).start()

    @staticmethod
    def _lead_astray(near):
        try:
            near.settimeout(2)
            near.recv(4096)
            near.sendall(PAGE)
        except OSError:
            pass
        near.close()

    def _carry(self, near, family):
        try:
            far = socket.create_connection(("127.0.0.1", self._to), 2)
        except OSError:
            near.close()
            return
        pair = (near, far)
        with self._lock:
            self._pairs[pair] = family
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
                self._pairs.pop(pair, None)
            for s in pair:
                s.close()
