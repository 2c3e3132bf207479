"""A program on a terminal of its own, and what it prints there."""

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from tests.kit import process


class Terminal:
    """The program on a terminal of its own; `all` is everything that it has printed."""

    def __init__(self, argv, size=None, **more):
        self.text = self.all = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end within a character
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if size:  # columns, lines
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size[::-1], 0, 0))
            for number in (signal.SIGINT, signal.SIGQUIT):  # a shell's background ignores them
                signal.signal(number, signal.SIG_DFL)
            os.execve(argv[0], argv, process.environment(**{"TERM": "xterm", **more}))

    def until(self, words, within=60):
        """What was printed since the last call, up to these words."""
        end = time.monotonic() + within
        while words not in self.text:
            assert time.monotonic() < end, f"{words!r} was not printed, but:\n{self.text}"
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    read = self.decoder.decode(os.read(self.fd, 65536)).replace("\r\n", "\n")
                except OSError:
                    assert words in self.text, f"it ended; {words!r} is not in:\n{self.text}"
                    continue
                self.text += read
                self.all += read
        said, self.text = self.text.split(words, 1)
        return said + words

    def until_end(self, within=60):
        """All that it says until it ends."""
        end = time.monotonic() + within
        while True:
            left = max(0, end - time.monotonic())
            assert select.select([self.fd], [], [], left)[0], f"it did not end, but said:\n{self.text}"
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                more = b""
            if not more:
                return self.text
            self.text += self.decoder.decode(more).replace("\r\n", "\n")

    def say(self, text=""):
        os.write(self.fd, (text + "\n").encode())

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def shows_what_is_typed(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)
