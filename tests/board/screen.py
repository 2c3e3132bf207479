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

    def blocks(self, side=16):
        """The mean level of each colour in each block of `side` by `side` pixels."""
        across, row = self.width // side, 3 * self.width
        sums = [0] * (3 * across * (self.height // side))
        for y in range(self.height // side * side):
            line = self.pixels[y * row:(y + 1) * row]
            at = y // side * 3 * across
            for x in range(across):
                piece = line[3 * side * x:3 * side * (x + 1)]
                for c in range(3):
                    sums[at + 3 * x + c] += sum(piece[c::3])
        return [s / side / side for s in sums]

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

    def wait_picture(self, timeout=400):
        """The first picture that is one: drawing by software takes its time under emulation."""
        end = time.monotonic() + timeout
        while True:
            shot = self.take()
            if shot.is_picture():
                return shot
            assert time.monotonic() < end, f"still no picture after {timeout} s: {shot.path}"
            os.unlink(shot.path)
            time.sleep(1)

    def series(self, seconds, pause=0.5):
        """Pictures over some seconds, as [(time, blocks)]."""
        end, taken = time.monotonic() + seconds, []
        while time.monotonic() < end:
            shot = self.take()
            taken.append((time.monotonic(), shot.blocks()))
            os.unlink(shot.path)
            time.sleep(pause)
        return taken


def most_change(series, within=2.5):
    """The stranger's measure, as the screen's own test has it: the largest change of any block's
    colour between two pictures that are at most two seconds apart."""
    return max(abs(a - b) for n, (at, new) in enumerate(series) for then, old in series[:n]
               if at - then <= within for a, b in zip(new, old))
