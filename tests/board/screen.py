"""What the monitor shows: pictures out of the machine, and plain measures of them."""

import os
import time


class Picture:
    """A PPM file: width, height, and 3 bytes a pixel."""

    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        magic, size, most, self.pixels = data.split(b"\n", 3)
        assert magic == b"P6" and most == b"255", f"{path} is no PPM of QEMU's"
        self.width, self.height = map(int, size.split())
        self.path = path

    def _sample(self):
        """Every 61st byte: all three colours, all over the picture."""
        return self.pixels[::61]

    def is_picture(self):
        """Something is drawn: many different levels, neither black nor one colour."""
        sample = self._sample()
        return len(set(sample)) > 40 and 8 < sum(sample) / len(sample) < 247

    def difference(self, other):
        """The mean difference of a colour's level, 0 to 255."""
        assert (self.width, self.height) == (other.width, other.height)
        mine, its = self._sample(), other._sample()
        return sum(abs(a - b) for a, b in zip(mine, its)) / len(mine)


class Shots:
    """Numbered pictures in a folder."""

    def __init__(self, board, folder):
        self._board, self._folder, self._count = board, folder, 0

    def take(self):
        self._count += 1
        path = os.path.join(self._folder, f"screen-{self._board.boots}-{self._count}.ppm")
        return Picture(self._board.screenshot(path))

    def take_after(self, seconds):
        time.sleep(seconds)
        return self.take()

    def wait_picture(self, timeout=120):
        """The first picture that is one: drawing by software takes its time under emulation."""
        end = time.monotonic() + timeout
        while True:
            shot = self.take()
            if shot.is_picture():
                return shot
            assert time.monotonic() < end, f"still no picture after {timeout} s: {shot.path}"
            os.unlink(shot.path)
            time.sleep(1)
