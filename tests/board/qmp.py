"""The two sockets by which the board holds its machine: QMP (control) and qtest (wires)."""

import json
import os
import socket
import struct
import time


def connect(path, timeout):
    """A stream to a socket that may not be there yet."""
    end = time.monotonic() + timeout
    while True:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class Qmp:
    """One command at a time; events that come between are dropped."""

    def __init__(self, path, timeout=20):
        self._socket = connect(path, timeout)
        self._socket.settimeout(60)
        self._file = self._socket.makefile("r")
        self._read()
        self("qmp_capabilities")

    def _read(self):
        line = self._file.readline()
        if not line:
            raise EOFError("the machine closed its control socket")
        return json.loads(line)

    def __call__(self, command, **arguments):
        words = {"execute": command}
        if arguments:
            words["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self._socket.sendall(json.dumps(words).encode())
        while True:
            answer = self._read()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")

    def close(self):
        self._file.close()
        self._socket.close()


class Wires:
    """The input lines of the machine's GPIO controller, driven from outside."""

    def __init__(self, path, controller, timeout=20):
        self._socket = connect(path, timeout)
        self._socket.settimeout(30)
        self._file = self._socket.makefile("r")
        self._controller = controller

    def set(self, line, level):
        """Drives one line: 1 is high (what a pull-up would give), 0 is low (contact to ground)."""
        self._socket.sendall(
            f"set_irq_in {self._controller} unnamed-gpio-in {line} {int(level)}\n".encode())
        while True:
            answer = self._file.readline()
            if answer.startswith("OK"):
                return
            if not answer or answer.startswith("FAIL"):
                raise RuntimeError(f"wire {line}: {answer!r}")

    def close(self):
        self._file.close()
        self._socket.close()


class Monitor:
    """The display's far end, over QEMU's VNC server: a viewer that says how large it is, or that
    it is not there, which the machine sees as a monitor that is plugged and pulled."""

    SIZE = 640, 400  # drawn by software under emulation, a larger picture takes seconds

    def __init__(self, path, timeout=20):
        self._socket = s = connect(path, timeout)
        s.settimeout(30)
        self._take(12)
        s.sendall(b"RFB 003.008\n")
        self._take(self._take(1)[0])  # the kinds of security; 1 is none
        s.sendall(b"\x01")
        assert self._take(4) == bytes(4), "the display refused its viewer"
        s.sendall(b"\x01")  # shared
        self._take(struct.unpack(">20xI", self._take(24))[0])
        s.sendall(struct.pack(">BxHi", 2, 1, -308))  # it may be sent a size

    def _take(self, count):
        data = b""
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            assert more, "the display hung up"
            data += more
        return data

    def set(self, there):
        """QEMU passes on what differs from the last size, which at first is none."""
        self._send(*self.SIZE)
        if not there:
            self._send(0, 0)

    def _send(self, width, height):
        self._socket.sendall(struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, 0, 0, 0, width,
                                         height, 0))

    def close(self):
        self._socket.close()


def short_socket_dir():
    """Socket paths hold 107 bytes: a short folder of our own."""
    import tempfile
    return tempfile.mkdtemp(prefix="board-", dir=os.environ.get("TMPDIR", "/tmp"))
