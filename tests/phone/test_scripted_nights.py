"""Five nights in a real Chromium, with a real kiosk, relay and ntfy: what people see who are asleep, on the
way, inside and in need of help, offline, or staff. A minute of these nights is a second. What was on each
screen, second by second, is written to build/scripted-nights/NIGHT.txt and .json, to be looked at."""

import contextlib
import json
import secrets
import threading
import time

import pytest

from tests.kit import wait
from tests.kit.broker import free_port
from tests.kit.member import enlist, phone_key
from tests.kit.place import ROOT
from tests.kit.registrar import Root
from tests.phone.browser import Page
from tests.phone.ntfy import Ntfy, Relay
from tests.phone.pushservice import PushService, Subscription
from tests.phone.serving import Proxy
from tests.phone.test_ring import BROWSER
from tests.phone.test_whole import Whole

SHOTS = ROOT / "build/scripted-nights"

# All that can be read on the screen; and the notifications that the worker shows.
LOOK = """(async () => {
    const text = (id) => { const n = document.getElementById(id);
        return n && n.offsetParent !== null && n.innerText ? n.innerText : undefined; };
    const ids = ['link', 'badge', 'title', 'text', 'todo', 'need', 'lines', 'history', 'said', 'health', 'notices',
        'refused'];
    const all = await (await navigator.serviceWorker.getRegistration())?.getNotifications() ?? [];
    return JSON.stringify({ face: document.body.dataset.face, hidden: document.hidden || undefined,
        ...Object.fromEntries(ids.map((id) => [id, text(id)])),
        notifications: all.length > 0 ? all.map((n) => n.body) : undefined });
})()"""


class Venue:
    """What tests/phone/ntfy.py's relay wants to know of a kiosk, of the real one."""

    def __init__(self, kiosk):
        self.venue, self.id = kiosk.venue, kiosk.id
        self.public = bytes.fromhex((kiosk.credentials / "kiosk.pub").read_text())
        self.root = Root(bytes.fromhex(kiosk.root_key.read_text().strip()))


class Phone(Page):
    """A phone that has joined, and its browser's push service. In a pocket (`away`) its page is closed and
    its worker alone is woken."""

    def __init__(self, night, name, account, secret, membership, proxy):
        self.night, self.name, self.proxy = night, name, proxy
        self.subscription = Subscription(night.service)
        self.pushed, self.online, self.away = 0, True, False
        super().__init__(night.browser, proxy.url(),
                         before=BROWSER.replace("TOLD", json.dumps(self.subscription.keys())))
        self.account, self.secret = account, secret
        self.run("localStorage.setItem('k1', arguments[0])", json.dumps(
            {"memberships": [membership], "kept": {}, "choices": {"ring": True}}))
        self.driver.refresh()
        self.until_face("quiet")

    def rings(self):
        """How often the push service was asked to wake it."""
        return len([1 for _, text, *_ in self.subscription.got if text == ""])

    def deliver(self):
        """Whatever waits at the push service, as the browser takes it."""
        while self.online and self.pushed < len(self.subscription.got):
            text = self.subscription.got[self.pushed][1]
            self.pushed += 1
            self.wake(text)

    def look(self):
        """What is on the screen; of a phone in a pocket, on the screen that is locked."""
        seen = json.loads(self.aside(LOOK))
        return {"closed": True, "notifications": seen.get("notifications")} if self.away else seen

    def pocket(self):
        self.front().driver.get(self.url + "manifest.webmanifest")  # of the page, and shows nothing of it
        self.away = True
        return self.front()

    def open(self):
        self.front().driver.get(self.url)
        self.away = False
        return self

    def cut_off(self):
        self.online = False
        self.proxy.stop()

    def back(self):
        self.proxy.start()
        self.online = True


class Night(Whole):
    def __init__(self, name, folder, authority, certificate, browser):
        super().__init__(folder, authority, certificate, browser)
        self.name, self.folder, self.certificate = name, folder, certificate
        self.staff = secrets.token_hex(8)
        enlist(self.kiosk.state, {self.staff: "staff"})
        self.service = PushService(authority.server("push"))
        self.ntfy = Ntfy(folder).listen()
        self.began, self.screens, self.phones, self.proxies = None, [], [], []
        self.relay = Relay(folder, self.broker, [Venue(self.kiosk)], self.ntfy, again="1s", web={
            "contact": "https://kettle.example.org/", "ca": authority.pem,
            "services": f"localhost:{self.service.port}"})
        self.ended = threading.Event()
        self.watching = threading.Thread(target=self._watch, daemon=True)

    def join(self, name, staff=False):
        account = self.staff if staff else self.members.pop()
        password, role = secrets.token_hex(16), "staff" if staff else "member"
        self.broker.account(role, self.kiosk.venue, self.kiosk.id, account, password)
        public, secret = phone_key(account)
        certificate = None
        if staff:
            self.vouch(account, public)
            certificate = self.root().sign("porchlight-staff", bytes.fromhex(self.kiosk.venue),
                                           bytes.fromhex(account), public).hex()
        port = free_port()
        proxy = Proxy(self.folder / name, self.certificate, self.broker, port, [port]).start()
        self.proxies.append(proxy)
        phone = Phone(self, name, account, secret, {
            "brokers": [proxy.websocket()], "account": account, "password": password,
            "venue": self.kiosk.venue, "kiosk": self.kiosk.id,
            "rootPublic": (self.kiosk.credentials / "root.pub").read_text().strip(),
            "kioskPublic": self.kiosk.keys.kiosk.hex(), "venueKey": self.kiosk.keys.venue.hex(),
            "public": public.hex(), "secret": secret.hex(), "staff": staff,
            "certificate": certificate, "push": None}, proxy)
        self.pages.append(phone)
        self.phones.append(phone)
        wait.until(lambda: any(phone.subscription.endpoint in line for line in self.relay.stored()),
                   lambda: f"{name}'s subscription; {self.relay.process.said()}", 60)
        if staff:
            wait.until(lambda: any(phone.subscription.endpoint in line and " staff+ " in line
                                   for line in self.relay.stored()), f"{name} known as staff", 60)
        return phone

    def root(self):
        return Venue(self.kiosk).root

    def begin(self):
        """The switch is held; from now on the screens are noted."""
        self.began = time.monotonic()
        self.watching.start()
        self.kiosk.sim("switch", "hold", "1.7s")
        return self

    def now(self):
        return time.monotonic() - self.began

    def until(self, minute):
        time.sleep(max(0, minute - self.now()))

    def _watch(self):
        """Every second, all screens; the push service's deliveries meanwhile."""
        second = 0
        while not self.ended.wait(0.05):
            for phone in self.phones:
                with contextlib.suppress(AssertionError):  # between two pages
                    phone.deliver()
            if self.now() < second:
                continue
            self.screens.append({"minute": second, **{p.name: self._screen(p) for p in self.phones}})
            second += 1

    @staticmethod
    def _screen(phone):
        try:
            return phone.look()
        except (AssertionError, KeyError, TypeError):
            return {"loading": True}  # the page is being opened

    def shown(self, phone, key="face"):
        """What a phone showed, in order, each once."""
        found = []
        for one in self.screens:
            value = one[phone.name].get(key)
            if value is not None and value != (found[-1] if found else None):
                found.append(value)
        return found

    def never(self, phone, *words):
        for one in self.screens:
            said = json.dumps(one[phone.name])
            assert not any(w in said for w in words), one

    def stop(self):
        if self.watching.is_alive():
            self.ended.set()
            self.watching.join()
        SHOTS.mkdir(parents=True, exist_ok=True)
        (SHOTS / f"{self.name}.json").write_text(json.dumps(self.screens, indent=1, ensure_ascii=False))
        lines = []
        for one in self.screens:
            for phone in self.phones:
                shown = " · ".join(f"{k}: {v}" for k, v in one[phone.name].items()).replace("\n", " / ")
                lines.append(f"{one['minute']:4} min  {phone.name:8} {shown}")
        (SHOTS / f"{self.name}.txt").write_text("\n".join(lines) + "\n")

    def close(self):
        self.stop()
        super().close()
        for proxy in self.proxies:
            proxy.stop()
        self.relay.stop()
        self.ntfy.stop()
        self.service.stop()
        assert not self.service.faults, self.service.faults


@pytest.fixture
def night(request, folder, authority, certificate, browser):
    name = request.node.name.removeprefix("test_")
    made = Night(name, folder, authority, certificate, browser)
    try:
        with made.kiosk:
            made.kiosk.start()
            made.relay.start()
            yield made
            made.stop()
    finally:
        made.close()


def ends_it(staff):
    staff.click("#staff summary")
    staff.hold("[data-command=all-clear]")
    staff.until_face("all-clear")


def test_asleep_and_woken_after_twenty_minutes(night):
    """The phone rings again until its page is opened; then it knows since when, and rings no more."""
    sleeper, deaf = night.join("sleeper").pocket(), night.join("deaf").pocket()
    night.begin()
    night.until(20)
    rung, topic = sleeper.rings(), len(night.ntfy.heard)
    assert rung >= 5 and topic >= 3, (rung, topic)
    sleeper.open().until_face("lockdown")
    sleeper.until_text("#lines", "Began")
    sleeper.click("#seen")
    sleeper.until_text("#said", "seen")
    rung, others = sleeper.rings(), deaf.rings()
    wait.until(lambda: deaf.rings() > others, "the phone that nobody looks at rings on", 60)
    assert sleeper.rings() <= rung + 1, "one may have been on its way"
    rung = sleeper.rings()
    night.until(32)
    others = deaf.rings()
    time.sleep(6)
    assert sleeper.rings() == rung and deaf.rings() == others, "half an hour is over"
    shown = night.shown(sleeper)
    assert shown[-1] == "lockdown" and set(shown) <= {"unknown", "lockdown"}, shown
    night.never(sleeper, '"quiet"')


def test_on_the_way(night):
    """Phone in hand: it says not to come within the second, rings once, and says when it is over."""
    walker, staff = night.join("walker"), night.join("staff", staff=True)
    staff.pocket()
    walker.front()
    night.begin()
    walker.until_face("lockdown")
    assert night.now() < 10
    walker.until_text("#text", "Do not come")
    walker.click("#seen")
    walker.until_text("#said", "seen")
    rung = walker.rings()
    assert rung <= 2
    night.until(9)
    assert walker.rings() == rung, "who looks at the page is awake"
    assert staff.rings() >= 4
    staff.open().until_face("lockdown")
    ends_it(staff)
    walker.front().until_face("all-clear")
    night.until(night.now() + 2)
    shown = night.shown(walker)
    assert shown in (["quiet", "lockdown", "all-clear"], ["lockdown", "all-clear"]), shown
    assert night.kiosk.status()["state"] == "quiet"


def test_inside_and_needing_help(night):
    """Staff ring each time somebody more needs help, and read how many; members read nothing of others."""
    inside, other = night.join("inside"), night.join("other")
    staff = night.join("staff", staff=True)
    night.begin()
    staff.until_face("lockdown")
    staff.until_text("#lines", "0 of 4 have answered")
    staff.pocket()
    inside.front().until_face("lockdown")
    before = staff.rings()
    inside.click("#help")
    inside.until_text("#said", "you need help")
    wait.until(lambda: staff.rings() > before, "staff's locked phone rings", 60)
    staff.open().until_face("lockdown")
    staff.until_text("#need", "Need help: 1")
    staff.click("#need")  # browsers let no page vibrate that nobody has touched since it was opened
    calls = len(staff.noted()["shakes"])
    other.front().until_face("lockdown")
    other.click("#help")
    staff.until_text("#need", "Need help: 2")
    staff.until(lambda: len(staff.noted()["shakes"]) > calls, "the open page calls too")
    inside.front().driver.refresh()
    inside.until_text("#said", "you need help")
    inside.click("#safe")
    inside.until_text("#said", "you are safe")
    staff.front().until_text("#need", "Need help: 1")
    staff.until_text("#lines", "2 of 4 have answered. Safe: 1. No answer yet: 2.")
    night.until(night.now() + 2)
    for member in (inside, other):
        night.never(member, "Need help", "have answered", "No answer yet")
    assert night.shown(staff, "lines")


def test_offline_the_whole_time(night):
    """It shows that it knows nothing, never that all is quiet; when it is back, what is true then."""
    lost, staff = night.join("lost"), night.join("staff", staff=True)
    lost.cut_off()
    lost.front().until_text("#link", "No connection")
    lost.until_face("unknown")
    night.begin()
    staff.front().until_face("lockdown")
    night.until(12)
    ends_it(staff)
    night.until(15)
    assert set(night.shown(lost)) == {"unknown"}
    assert lost.pushed == 0 and lost.rings() > 2
    lost.back()
    lost.front().until(lambda: lost.face in ("quiet", "all-clear"), "what is true now")
    night.until(night.now() + 2)
    assert "lockdown" not in night.shown(lost), "what is over is not shown as if it were now"


def test_staff_ending_it(night):
    """One staff phone, away from the venue: rung, opened, it reads the answers and ends it for everybody."""
    staff, member = night.join("staff", staff=True), night.join("member")
    staff.pocket()
    member.front()
    night.begin()
    member.until_face("lockdown")
    member.click("#safe")
    member.until_text("#said", "you are safe")
    wait.until(lambda: staff.rings() >= 3, "staff's phone to ring again", 60)
    staff.open().until_face("lockdown")
    staff.until_text("#lines", "1 of 4 have answered. Safe: 1. No answer yet: 3.")
    night.kiosk.sim("switch", "presses", "4")
    staff.until_face("duress")
    member.front().until_face("unconfirmed")
    ends_it(staff.front())
    member.front().until_face("all-clear")
    rung, topic = staff.rings(), len(night.ntfy.heard)
    wait.until(lambda: night.relay.process.said().count("the end of one") == 2, "the end's own ring", 60)
    time.sleep(1)
    rung, topic = staff.rings() + member.rings(), len(night.ntfy.heard)
    night.until(night.now() + 6)
    assert staff.rings() + member.rings() == rung and len(night.ntfy.heard) == topic
    assert [f for f in night.shown(member) if f != "quiet"] == ["lockdown", "unconfirmed", "all-clear"]
    night.never(member, "duress", "forced", "have answered")
    assert night.kiosk.status()["seen"] == 0
