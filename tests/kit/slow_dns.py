"""A DNS server that answers late, or for one family alone. On port 53 of a loopback address that no
other test has: resolv.conf has no ports."""

import random
import socket
import struct
import threading
import time

A, AAAA = 1, 28


class SlowDns:
    """Answers every question for A with 127.0.0.1 after `late` seconds, and for AAAA with nothing,
    as late; a family in `mute` gets no answer at all."""

    def __init__(self, late, mute=()):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.53.{random.randrange(256)}.{random.randrange(1, 255)}"
        self._socket.bind((self.address, 53))
        self.late, self.mute, self.asked = late, mute, []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, peer = self._socket.recvfrom(512)
            except OSError:
                return
            threading.Thread(target=self._one, args=(question, peer), daemon=True).start()

    def _one(self, question, peer):
        end = question.index(b"\0", 12) + 1
        kind = struct.unpack("!H", question[end:end + 2])[0]
        self.asked.append(kind)
        if kind in self.mute:
            return
        time.sleep(self.late)
        found = kind == A
        head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(found), 0, 0)
        body = question[12:end + 4]
        if found:
            body += struct.pack("!HHHIH", 0xc00c, A, 1, 60, 4) + socket.inet_aton("127.0.0.1")
        try:
            self._socket.sendto(head + body, peer)
        except OSError:
            pass

    def close(self):
        self._socket.close()
