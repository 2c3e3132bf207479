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

from tests.kit import process, wait


class Typed:
    """What is typed into a program and what it prints; `all` is everything that it has printed. `_hear(seconds)`
    waits for more, which is None once the program has ended."""

    def __init__(self):
        self.text = self.all = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end within a character

    def _take(self, data):
        read = self.decoder.decode(data).replace("\r\n", "\n")
        self.text += read
        self.all += read

    def until(self, words, within=wait.PATIENCE):
        """What was printed since the last call, up to these words."""
        end = time.monotonic() + within
        while words not in self.text:
            assert time.monotonic() < end, f"{words!r} was not printed, but:\n{self.text}"
            read = self._hear(0.2)
            if read is None:
                assert words in self.text, f"it ended; {words!r} is not in:\n{self.text}"
            else:
                self._take(read)
        said, self.text = self.text.split(words, 1)
        return said + words

    def until_end(self, within=wait.PATIENCE):
        """All that it says until it ends."""
        end = time.monotonic() + within
        while (read := self._hear(max(0, end - time.monotonic()))) is not None:
            assert time.monotonic() < end, f"it did not end, but said:\n{self.text}"
            self._take(read)
        return self.text


class Terminal(Typed):
    """A program here, on a terminal of its own."""

    def __init__(self, argv, size=None, **more):
        super().__init__()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if size:  # columns, lines
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size[::-1], 0, 0))
            for number in (signal.SIGINT, signal.SIGQUIT):  # a shell's background ignores them
                signal.signal(number, signal.SIG_DFL)
            os.execve(argv[0], argv, process.environment(**{"TERM": "xterm", **more}))

    def _hear(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self.fd, 65536) or None
        except OSError:
            return None

    def say(self, text=""):
        os.write(self.fd, (text + "\n").encode())

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def shows_what_is_typed(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)
