"""Both makes of hw/line.h, each with its Debian's own libgpiod and kernel, on a real GPIO controller
in an emulated machine whose only program is lines.c: there is no disk, and it boots in seconds."""

import gzip
import os
import re
import subprocess
import time

import pytest

from tests.board import image
from tests.board.machine import Machine
from tests.board.suite import BUILD, ROOT

PACKAGES = ["libgpiod-dev", "libc6-dev", "linux-libc-dev", "linux-image-arm64"]
SOURCES = ["tests/board/lines.c", "kiosk/common/clock.c", "hw/line.c", "hw/line_address.c",
           "hw/line_edges.c", "hw/line_find.c", "hw/line_errors.c", "hw/line_gpiod.c"]
MAKES = {"bookworm": "1", "trixie": "2"}
WIRE, GO = 2, 5  # as in lines.c


def sysroot(suite):
    def make(scratch):
        image.run("mmdebstrap", "--quiet", "--variant=extract", "--arch=arm64",
                  f"--hook-dir={image.HOOKS}", "--aptopt=APT::Install-Recommends \"false\"",
                  "--include=" + ",".join(PACKAGES), suite, scratch)
    return image.once(os.path.join(BUILD, f"lines-{suite}-{image.digest(suite, *PACKAGES)}"), make)


def kernel(root):
    (name,) = [n for n in os.listdir(f"{root}/boot") if n.startswith("vmlinuz-")]
    return f"{root}/boot/{name}"


def initramfs(root, make, folder):
    """lines.c as /init, linked statically: a gzipped cpio of one file and the console."""
    inside = f"{folder}/inside"
    os.makedirs(f"{inside}/dev")
    subprocess.run(["aarch64-linux-gnu-gcc", f"--sysroot={root}", "-std=c17", "-D_GNU_SOURCE",
                    "-I.", "-O1", "-g0", "-Wall", "-Wextra", "-Werror", "-static", "-o",
                    f"{inside}/init", *SOURCES, f"hw/line_gpiod{make}.c", "-lgpiod"],
                   cwd=ROOT, check=True)
    packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=inside, check=True,
                            input=b"init\ndev\n", capture_output=True).stdout
    path = f"{folder}/initramfs"
    with open(path, "wb") as f:
        f.write(gzip.compress(packed, 1))
    return path


class Wire:
    """One wire that is moved edge by edge."""

    def __init__(self, machine, line):
        self.machine, self.line, self.level = machine, line, 0

    def toggle(self, times=1):
        for _ in range(times):
            self.level = 1 - self.level
            self.machine.wires.set(self.line, self.level)
            time.sleep(0.01)  # the machine is slow; faster edges melt into one interrupt


def edges(machine):
    found = machine.wait_serial(r"edges (\d+) lost (\d+) first (\d) same (\d+) last (\d) level (\d)")
    return dict(zip(("n", "lost", "first", "same", "last", "level"), map(int, found.groups())))


@pytest.mark.parametrize("suite", MAKES)
def test_a_make_of_lines_on_its_own_kernel(suite, tmp_path):
    root = sysroot(suite)
    v1 = MAKES[suite] == "1"
    packed = initramfs(root, MAKES[suite], str(tmp_path))
    with Machine(kernel(root), packed, [], str(tmp_path / "m"), display=False) as m:
        m.start(levels={WIRE: 0, GO: 0})
        wire, go = Wire(m, WIRE), Wire(m, GO)
        assert m.wait_serial(r"libgpiod (\d)")[1] == MAKES[suite]

        m.wait_serial("ready press")
        wire.toggle(2)
        assert edges(m) == {"n": 2, "lost": 0, "first": 0, "same": 0, "last": 0, "level": 0}

        # 41 edges: too many for the queue of v1, which drops the newest; the level is read again.
        m.wait_serial("ready storm")
        wire.toggle(41)
        go.toggle()
        got = edges(m)
        if v1:
            assert got["n"] == 17 and got["lost"] >= 1 and got["last"] == got["level"] == 1
        else:
            assert 17 < got["n"] <= 41 and got["lost"] == 0 and got["last"] == got["level"] == 1

        # 600: too many for that of v2, which drops the oldest; the gap shows in the first.
        m.wait_serial("ready storm")
        wire.toggle(600)
        go.toggle()
        got = edges(m)
        if v1:
            assert got["n"] == 17 and got["lost"] >= 1 and got["last"] == got["level"] == 1
        else:
            assert got["n"] == 256 and got["first"] == 1 and got["last"] == got["level"] == 1

        m.wait_serial("ready press")
        wire.toggle(2)
        assert edges(m) == {"n": 2, "lost": 0, "first": 0, "same": 0, "last": 1, "level": 1}

        # Active is low now, and the wire is high. v2 asks the kernel to hold its edges back.
        assert m.wait_serial(r"ready bounce (\d)")[1] == "0"
        wire.toggle(9)
        go.toggle()
        got = edges(m)
        assert (4 < got["n"] <= 9) if v1 else got["n"] == 0
        assert got["level"] == (1 if v1 else 0)

        assert m.wait_serial(r"output (\d) (\d) (\d) fd (-?\d+)").groups() == ("0", "1", "0", "-1")
        m.wait_serial("the end")
        refusals(m.serial())
        assert not re.search(r"^edge \d+ at", m.serial(), re.M), "an edge's time is not the clock's"


def refusals(said):
    lines = [line.strip() for line in said.splitlines() if line.startswith("refused")]
    expected = [("ENOENT", "line gpiochip9:1 was not found", "gpiochip0 (9030000.pl061)"),
                ("ENOENT", "line gpiochip0:99 was not found", "lines 0 to 7"),
                ("ENOENT", "line NO_SUCH_LINE was not found", "gpioinfo"),
                ("ENOENT", "line pinctrl-bcm2711:17 was not found", "no chip has that name or label"),
                ("EBUSY", "line gpiochip0:1 is in use by porchlight switch front", "gpioinfo")]
    assert len(lines) == len(expected), lines
    for line, (error, what, fix) in zip(lines, expected):
        assert line.startswith(f"refused {error} switch front: ") and what in line and fix in line
    assert "opened 9030000.pl061:1" in said
