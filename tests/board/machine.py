"""One emulated kiosk: QEMU's arm64 `virt` machine with real GPIO, display, disk and network.

    with Machine(kernel, initramfs, disk, folder) as m:
        m.start()
        m.wait_serial("Reached target")
        m.wires.set(5, 0)            # press
        m.run("systemctl is-active porchlightd")
        m.cut_power()                # as pulling the plug
        m.start()                    # as plugging it in again

Under emulation a second of the machine is a second of the wall, only slower in what it holds; with
own_time it is as long as its instructions take.
"""

import base64
import os
import re
import shutil
import time
from pathlib import Path

from tests.board.qmp import Monitor, Qmp, Wires, connect, short_socket_dir
from tests.kit.process import Process

QEMU = "qemu-system-aarch64"
RAM_AT, RAM_MB = 0x40000000, 1024  # where `virt` has its memory
COMMAND_LINE = "console=ttyAMA0 quiet loglevel=4 systemd.show_status=false panic=5"


class MachineError(AssertionError):
    """What the machine did not do, with the end of its serial line."""


class Machine:
    def __init__(self, kernel, initramfs, disks, folder, display=True, rtc=None, command_line="",
                 monitor=True, forward=None, second_wire=False, own_time=False):
        self.kernel = kernel
        self.initramfs = initramfs
        self.disks = disks  # images, raw or *.qcow2: /dev/vda, /dev/vdb, ...
        self.folder = folder
        self.display = display
        self.rtc = rtc  # "1970-01-02T00:00:00": what the clock says at power-on
        self.command_line = command_line
        self.monitor_at_start = monitor  # False: the display has none until monitor(True)
        self.forward = forward or {}  # {port of the host's loopback: port inside}
        self.second_wire = second_wire  # one more network interface, to the host as well
        self.own_time = own_time  # its clock counts what it does, and waits while the host is busy
        self.boots = 0
        self.process = None
        self._asked = 0
        self.started = 0.0
        self._sockets = short_socket_dir()
        os.makedirs(folder, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.cut_power()
        shutil.rmtree(self._sockets, ignore_errors=True)

    # --- power ---------------------------------------------------------------------------------

    def start(self, levels=None, state=None):
        """Powers on. `levels`: {line: 0|1} on the wires before the first instruction runs. `state`:
        goes on where save() left off, on a disk as it was then."""
        assert self.process is None, "it is running"
        self.boots += 1
        self.serial_path = os.path.join(self.folder, f"serial-{self.boots}.log")
        self._serial_at = 0
        s = self._sockets
        arguments = [
            QEMU, "-M", "virt", "-cpu", "cortex-a72", "-m", str(RAM_MB), *self._pace(),
            "-nodefaults", "-no-reboot", "-S",
            "-kernel", self.kernel, "-initrd", self.initramfs,
            "-append", f"{COMMAND_LINE} {self.command_line}".strip(),
            "-display", "none",
            "-serial", f"file:{self.serial_path}",
            "-qmp", f"unix:{s}/qmp,server=on,wait=off",
            "-qtest", f"unix:{s}/qtest,server=on,wait=off", "-qtest-log", "none",
            "-netdev", "user,id=wire,restrict=off" + "".join(
                f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for here, there in self.forward.items()),
            "-device", "virtio-net-pci,netdev=wire,id=nic,romfile=",
            "-device", "virtio-rng-pci", "-device", "virtio-keyboard-pci",
            "-device", "virtio-serial-pci", "-device", "qemu-xhci,id=usb",
            "-chardev", f"socket,id=hand,path={s}/hand,server=on,wait=off",
            "-device", "virtserialport,chardev=hand,name=board",
        ]
        if self.second_wire:
            arguments += ["-netdev", "user,id=wire2,restrict=off", "-device",
                          "virtio-net-pci,netdev=wire2,id=nic2,addr=0x10,romfile="]
        for n, path in enumerate(self.disks):
            made = "qcow2" if path.endswith(".qcow2") else "raw"
            arguments += ["-drive", f"file={path},format={made},if=none,id=disk{n},cache=writeback",
                          "-device", f"virtio-blk-pci,drive=disk{n}"]
        if self.display:
            across, down = Monitor.SIZE
            arguments += ["-device", f"virtio-gpu-pci,id=gpu,xres={across},yres={down}",
                          "-vnc", f"unix:{s}/vnc"]
        if state:
            arguments += ["-incoming", f"exec:cat {state}"]
        if self.rtc:
            arguments += ["-rtc", f"base={self.rtc}"]
        self.process = Process("machine", arguments, Path(self.folder) / "qemu.log")
        try:
            self.qmp = Qmp(f"{s}/qmp")
            self.wires = Wires(f"{s}/qtest", self._controller())
            self._hand = connect(f"{s}/hand", 10)
            if self.display:
                self._monitor = Monitor(f"{s}/vnc")
                if not self.monitor_at_start:
                    self._monitor.set(False)
            if state:
                self._wait_until("query-status", lambda r: r["status"] in ("paused", "prelaunch"))
        except Exception:
            self.cut_power()
            raise
        for line, level in (levels or {}).items():
            self.wires.set(line, level)
        self.started = time.monotonic()
        self.qmp("cont")
        if state:
            self._hand_buffer = b""

    def save(self, path):
        """Writes the machine's state, without its disks, and cuts the power."""
        self.qmp("stop")
        self.qmp("migrate", uri=f"exec:cat >{path}")
        self._wait_until("query-migrate", lambda r: r.get("status") in ("completed", "failed"))
        assert self.qmp("query-migrate")["status"] == "completed", "the state was not saved"
        self.cut_power()

    def _wait_until(self, question, good, timeout=120):
        end = time.monotonic() + timeout
        while not good(self.qmp(question)):
            if time.monotonic() > end:
                raise MachineError(f"{question}: {self.qmp(question)} after {timeout} s")
            time.sleep(0.05)

    def _pace(self):
        """An own time is 8 ns for each instruction; while there is nothing to do it is the host's:
        see never_idle()."""
        if self.own_time:
            return ["-smp", "1", "-accel", "tcg,thread=single",
                    "-icount", "shift=3,sleep=on,align=off"]
        return ["-smp", "2", "-accel", "tcg,thread=multi"]

    def _controller(self):
        for entry in self.qmp("qom-list", path="/machine/unattached"):
            if entry["type"] == "child<pl061>":
                return f"/machine/unattached/{entry['name']}"
        raise MachineError("the machine has no GPIO controller of type pl061")

    def cut_power(self):
        """Kills the machine's process by its pid: nothing in it gets another word."""
        if self.process is None:
            return
        self.process.kill()
        self.process = None
        for end in ("qmp", "wires", "_hand", "_monitor"):
            if getattr(self, end, None):
                getattr(self, end).close()
                setattr(self, end, None)
        for name in os.listdir(self._sockets):
            os.unlink(os.path.join(self._sockets, name))

    def power_off(self, timeout=120):
        """Shuts it down as a person would."""
        try:
            self.call("systemctl poweroff")
        except (MachineError, OSError):
            pass  # it was quicker than its answer
        end = time.monotonic() + timeout
        while self.process.alive:
            if time.monotonic() > end:
                raise MachineError(f"still on after {timeout} s:\n{self.serial()[-3000:]}")
            time.sleep(0.1)
        self.cut_power()

    def freeze(self):
        self.qmp("stop")

    def thaw(self):
        self.qmp("cont")

    # --- what it says ---------------------------------------------------------------------------

    def serial(self):
        with open(self.serial_path, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def wait_serial(self, pattern, timeout=180):
        """Waits for a line that matches, behind the last one waited for. Gives the match."""
        end = time.monotonic() + timeout
        while True:
            found = re.compile(pattern).search(self.serial(), self._serial_at)
            if found:
                self._serial_at = found.end()
                return found
            if not self.process.alive:
                raise MachineError(f"the machine ended by itself:\n{self.serial()[-3000:]}")
            if time.monotonic() > end:
                raise MachineError(f"no {pattern!r} on the serial line within {timeout} s:\n"
                                   f"{self.serial()[-3000:]}")
            time.sleep(0.05)

    # --- the hand inside ------------------------------------------------------------------------

    def wait_hand(self, timeout=240):
        """Waits until the agent inside answers; early in the boot."""
        self._hand_buffer = b""
        line = self._hand_line(timeout)
        if line.strip() != b"ready":
            raise MachineError(f"the agent greeted with {line!r}")

    def _hand_line(self, timeout):
        end = time.monotonic() + timeout
        while b"\n" not in self._hand_buffer:
            left = end - time.monotonic()
            if left <= 0:
                raise MachineError(f"no answer from the agent within {timeout} s:\n"
                                   f"{self.serial()[-3000:]}")
            self._hand.settimeout(left)
            try:
                data = self._hand.recv(65536)
            except TimeoutError:
                continue
            if not data:
                raise MachineError("the agent's socket closed")
            self._hand_buffer += data
        line, self._hand_buffer = self._hand_buffer.split(b"\n", 1)
        return line

    def run(self, script, timeout=120, check=True):
        """Runs a shell script as root inside. Gives its output; with check, demands exit code 0."""
        code, output = self.call(script, timeout)
        if check and code != 0:
            raise MachineError(f"exit {code} inside:\n{script}\n---\n{output}")
        return output

    def call(self, script, timeout=120):
        self._asked += 1
        self._hand.settimeout(30)
        self._hand.sendall(b"%d %s\n" % (self._asked, base64.b64encode(script.encode())))
        while True:  # an answer that came too late for its own question is passed over
            number, code, text = (self._hand_line(timeout).rstrip(b"\n") + b" ").split(b" ")[:3]
            if int(number) == self._asked:
                return int(code), base64.b64decode(text).decode("utf-8", "replace")

    def wait_for(self, script, timeout=120, pause=0.5):
        """Repeats a script inside until it ends in 0. Gives its output."""
        end = time.monotonic() + timeout
        while True:
            code, output = self.call(script)
            if code == 0:
                return output
            if time.monotonic() > end:
                raise MachineError(f"still exit {code} after {timeout} s:\n{script}\n---\n{output}")
            time.sleep(pause)

    def never_idle(self):
        """From now on it has something to do whenever it has nothing else to do, so that no moment
        of an own time is the host's."""
        self.run("systemd-run -q --collect -p CPUSchedulingPolicy=idle sh -c 'while :; do :; done'")

    # --- the network, the keyboard and the screen ---------------------------------------------------

    def keys(self, *names):
        """Presses keys of a keyboard at the machine, all together."""
        self.qmp("send-key", keys=[{"type": "qcode", "data": name} for name in names])

    def plug_keyboard(self, name="remote"):
        """Plugs in a USB keyboard, which gets the keys from then on."""
        self.qmp("device_add", driver="usb-kbd", id=name, bus="usb.0")

    def unplug(self, name="remote"):
        self.qmp("device_del", id=name)

    def key(self, name, down):
        self.qmp("input-send-event", events=[{"type": "key", "data": {
            "down": down, "key": {"type": "qcode", "data": name}}}])

    def link(self, up, wire="nic"):
        """Plugs or pulls the network cable, or with "nic2" the one of the second interface."""
        self.qmp("set_link", name=wire, up=up)

    def monitor(self, there):
        """Plugs or pulls the monitor."""
        self._monitor.set(there)

    def memory(self, path):
        """Writes all of the machine's memory into a file, standing still."""
        self.qmp("stop")
        self.qmp("pmemsave", val=RAM_AT, size=RAM_MB << 20, filename=path)
        self.qmp("cont")
        return path

    def screenshot(self, path):
        """The picture that the monitor shows, as a PPM file."""
        self.qmp("screendump", filename=path)
        return path
