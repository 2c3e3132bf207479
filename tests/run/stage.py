"""Everything that `make run` starts, in a private folder below build/, and the eyes on it."""

import os
import signal
import threading
import time
from datetime import datetime

from tests.kit import local, process, wait
from tests.kit.kiosk import Kiosk
from tests.kit.place import ROOT
from tests.kit.wires import MS
from tests.run.decoys import PLAN, Decoys
from tests.run.timeline import Gestures, Timeline

HOLD, WIPE_HOLD, GAP = 1500 * MS, 4000 * MS, 700 * MS


def hours_now_closed():
    """Opening hours that exclude the present, so that the door matters."""
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now().weekday() + 3) % 7]
    return f"{day} 10:00-10:01"


class Stage:
    """A context manager. `window`: the screen on this display, else in memory."""

    def __init__(self, window):
        self._window = window
        self.gestures = Gestures(HOLD, WIPE_HOLD, GAP)
        self.timeline = Timeline(self.gestures)
        self._stop = threading.Event()
        self.cue = {"signs": set(), "seen": 0, "safe": 0}
        self.gone_at = None
        self._pictures = 0
        self._pressed = False

    def __enter__(self):
        self.kiosk = Kiosk("run", scaled=False, conf={
            "door entrance": {"mask": "0", "hours": hours_now_closed()},
            "screen": {"languages": "en, az, ru"}})
        try:
            self._start()
        except BaseException:
            self.kiosk.close(quietly=True)
            raise
        return self

    def _start(self):
        k = self.kiosk
        self.pictures = k.folder / "pictures"
        self.pictures.mkdir()
        self.decoys = Decoys(k.prefix)
        k.__enter__()
        k.start_wipe(PLAN)
        k.start()
        shown = ["--windowed"] if self._window else ["--headless", "--size", "1280x720"]
        where = {n: os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR",
                                                "XAUTHORITY")} if self._window else {}
        k.screen = k.spawn("porchlight-screen", "--prefix", k.prefix, "--languages",
                           ROOT / "config/languages", "--pictures-to", self.pictures, *shown, env=process.environment(**where))
        self.member = self._phone("member")
        self.staff = self._phone("staff")
        self.wires = k.wires()
        threading.Thread(target=self._watch_cue, daemon=True).start()
        threading.Thread(target=self._watch_decoys, daemon=True).start()
        threading.Thread(target=self._watch_time, daemon=True).start()
        for phone in (self.member, self.staff):
            phone.wait(topic="state", within=10)

    def __exit__(self, kind, why, trace):
        self._stop.set()
        self.kiosk.close(quietly=True)

    def _phone(self, role):
        phone = self.kiosk.listener(role, "--ack", "seen")

        def tell(got):
            if got.topic in ("alert", "notice"):
                self.timeline.event(role, self.words(got), int(got.at * 1e9))
        phone.tell = tell
        return phone

    @staticmethod
    def words(got):
        b = got.body
        said = b.get("kind", "?")
        if b.get("detail") == "unconfirmed":
            return "all-clear pressed at the door, not confirmed"
        if b.get("detail"):
            said += f" ({b['detail']})"
        return said + (", a drill" if b.get("drill") else "")

    # --- eyes -------------------------------------------------------------------------------------

    def _watch_cue(self):
        """What the screen is told, read as a second screen would."""
        try:
            with local.connect(self.kiosk.run / "screen.sock", None) as s:
                while packet := s.recv(4096):
                    if len(packet) != local.CUE.size:
                        continue
                    cue = local.cue(packet)
                    if cue != self.cue and not self._stop.is_set():
                        self.cue = cue
                        self.timeline.event("screen", self._cue_words(cue))
        except OSError:
            pass  # the kiosk is being taken down

    @staticmethod
    def _cue_words(cue):
        said = sorted(cue["signs"] - {"seen"})
        if cue["seen"]:
            said.append(f"seen by {cue['seen']}")
        return "cue: " + (", ".join(said) or "nothing")

    def _watch_decoys(self):
        while not self._stop.is_set():
            if self.gone_at is None and not self.decoys.there():
                self.gone_at = time.monotonic_ns()
                self.timeline.event("wipe", "key and photographs are gone", self.gone_at)
            time.sleep(0.001 if self._pressed else 0.05)

    def _watch_time(self):
        while not self._stop.wait(0.02):
            self.timeline.turn()

    # --- hands ------------------------------------------------------------------------------------

    def switch(self, pressed, quietly=False):
        self._pressed = pressed
        at = self.wires.set("front", pressed)
        (self.gestures.pressed if pressed else self.gestures.released)(at)
        if not quietly:
            self.timeline.wire("switch pressed" if pressed else "switch let go")
        return at

    def door(self, opened):
        at = self.wires.set("entrance", opened)
        self.gestures.moment(at, "door opens" if opened else "door closes")
        self.timeline.turn()
        return at

    def picture(self, name):
        """What is on the screen now, as build/run/.../pictures/NAME.png."""
        self._pictures += 1
        made = self.pictures / f"screen-{self._pictures}.png"
        self.kiosk.screen.signal(signal.SIGUSR1)
        wait.until(made.exists, lambda: f"a picture of the screen; it said:\n"
                   f"{self.kiosk.screen.said()}", 5)
        made = made.rename(self.pictures / f"{name}.png")
        return made.relative_to(ROOT)

    def introduce(self):
        k, broker = self.kiosk, self.kiosk.brokers[0]
        version = process.run(["mosquitto", "-h"]).stdout.split("\n", 1)[0]
        say = self.timeline.say
        say(f"Porchlight: a whole kiosk on this machine, below {k.folder.relative_to(ROOT)}/")
        say()
        say(f"  broker   {version}, TLS on {broker.host}:{broker.port}, pid {broker.process.pid}")
        say(f"  kiosk    porchlightd, simulated wires, pid {k.daemon.pid}")
        say(f"  screen   porchlight-screen, "
            f"{'in a window' if self._window else 'drawn into memory'}, pid {k.screen.pid}")
        say(f"  wipe     porchlight-wipe over decoys, pid {k.wiper.pid}")
        say(f"  member   porchlight listen, pid {self.member.process.pid}; "
            f"staff: pid {self.staff.process.pid}")
