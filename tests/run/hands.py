"""With a terminal: keys work the wires.

A terminal shows when a key repeats, not when it is let go. So the first space presses the switch,
and silence releases it. Repeats begin only after a while: a key that is held reads as a short tap
and then a hold, which the kiosk takes for what it is.
"""

import os
import select
import sys
import termios
import time
import tty

SILENCE_S = 0.15
KEYS = "hold space: the switch     d: the door     p: a picture of the screen     q: quit"


def work(stage):
    """Until q, Ctrl-C or the end of the terminal."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    stage.introduce()
    stage.timeline.heading(KEYS)
    try:
        tty.setcbreak(fd)
        _loop(stage, fd)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _loop(stage, fd):
    pressed = opened = False
    last = 0.0
    while True:
        ready, _, _ = select.select([fd], [], [], 0.02)
        keys = os.read(fd, 256) if ready else b""
        if ready and not keys or b"q" in keys:
            break
        if b" " in keys:
            last = time.monotonic()
            if not pressed:
                stage.switch(True)
                pressed = True
        elif pressed and time.monotonic() - last > SILENCE_S:
            stage.switch(False)
            pressed = False
        if b"d" in keys:
            opened = not opened
            stage.door(opened)
        if b"p" in keys:
            stage.timeline.event("screen", f"picture {stage.picture(time.strftime('%H%M%S'))}")
    if pressed:
        stage.switch(False)
