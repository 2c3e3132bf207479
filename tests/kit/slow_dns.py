"""A DNS server that answers late, wrongly, or for one family alone. On port 53 of a loopback address that
no other test has: resolv.conf has no ports."""

import random
import socket
import struct
import threading
import time

A, AAAA = 1, 28
FAMILIES = {A: socket.AF_INET, AAAA: socket.AF_INET6}
# How a question may be answered in the place of addresses: by this code; not at all; by an answer that is
# cut short and says so (TC), after which it is asked for by TCP; or by bytes that are no answer.
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5
MUTE, TRUNCATED, GARBAGE = "mute", "truncated", "garbage"


class SlowDns:
    """Answers every question for A with 127.0.0.1 after `late` seconds, and for AAAA with nothing,
    as late; a family in `mute` gets no answer at all. `answers` may be changed at any time: for each
    family a list of addresses, or one of the ways above."""

    def __init__(self, late=0, mute=(), answers=None):
        self.answers = {A: ["127.0.0.1"], AAAA: [], **{family: MUTE for family in mute},
                        **(answers or {})}
        self.address, self._socket, self._stream = self._sockets()
        self.late, self.asked = late, []
        threading.Thread(target=self._serve, daemon=True).start()
        threading.Thread(target=self._serve_streams, daemon=True).start()

    @staticmethod
    def _sockets():
        while True:
            address = f"127.53.{random.randrange(256)}.{random.randrange(1, 255)}"
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                made.bind((address, 53))
                return address, made, socket.create_server((address, 53))
            except OSError:
                made.close()

    def _serve(self):
        while True:
            try:
                question, peer = self._socket.recvfrom(512)
            except OSError:
                return
            threading.Thread(target=self._one, args=(question, peer), daemon=True).start()

    def _serve_streams(self):
        while True:
            try:
                near, _ = self._stream.accept()
            except OSError:
                return
            threading.Thread(target=self._one_stream, args=(near,), daemon=True).start()

    def _one(self, question, peer):
        answer = self._answer(question, short=True)
        try:
            if answer is not None:
                self._socket.sendto(answer, peer)
        except OSError:
            pass

    def _one_stream(self, near):
        with near:
            try:
                while size := near.recv(2):
                    answer = self._answer(near.recv(struct.unpack("!H", size)[0]), short=False)
                    near.sendall(struct.pack("!H", len(answer)) + answer)
            except (OSError, TypeError, struct.error):
                pass

    def _answer(self, question, short):
        end = question.index(b"\0", 12) + 1
        kind = struct.unpack("!H", question[end:end + 2])[0]
        self.asked.append(kind)
        how = self.answers.get(kind, [])
        if how == MUTE:
            return None
        time.sleep(self.late)
        if how == GARBAGE:
            return question[:2] + random.randbytes(40)
        if how == TRUNCATED and short:
            return question[:2] + struct.pack("!HHHHH", 0x8380, 1, 0, 0, 0) + question[12:end + 4]
        found = ["127.0.0.1" if kind == A else "::1"] if how == TRUNCATED else \
            how if isinstance(how, list) else []
        code = how if isinstance(how, int) else 0
        head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found), 0, 0)
        return head + question[12:end + 4] + b"".join(
            struct.pack("!HHHIH", 0xc00c, kind, 1, 60, 4 if kind == A else 16)
            + socket.inet_pton(FAMILIES[kind], address) for address in found)

    def close(self):
        self._socket.close()
        self._stream.close()
