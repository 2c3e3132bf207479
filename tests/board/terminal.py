"""A command on a terminal of its own inside the machine, which util-linux's script(1) gives it."""

import base64
import itertools
import shlex
import time

from tests.kit.terminal import Typed

_number = itertools.count(1)


class BoardTerminal(Typed):
    def __init__(self, board, words, size=(80, 24)):
        super().__init__()
        self.board, self.at, self.heard = board, f"/run/typed.{next(_number)}", 0
        command = f"stty cols {size[0]} rows {size[1]}; exec {shlex.join(words)}"
        # The pipe is opened for both, so that it has no end before the command has one.
        board.run(f"mkdir -m 700 {self.at} && cd {self.at} && mkfifo in && : >out && "
                  f"(TERM=linux setsid script -qefc {shlex.quote(command)} out <>in >/dev/null 2>&1; "
                  "echo $? >status) >/dev/null 2>&1 &")

    def _hear(self, seconds):
        end = time.monotonic() + seconds
        while True:
            said = self.board.run(f"cd {self.at} && cat status 2>/dev/null; echo; tail -c +{self.heard + 1} out | "
                                  "base64 -w0")
            status, data = said.split("\n")[0], base64.b64decode(said.rsplit("\n", 1)[1])
            self.heard += len(data)
            if data:
                return data
            if status:
                return None
            if time.monotonic() > end:
                return b""
            time.sleep(0.2)

    def say(self, text=""):
        self.board.run(f"printf '%s\\n' {shlex.quote(text)} >{self.at}/in")

    def end(self):
        return int(self.board.wait_for(f"cat {self.at}/status"))
