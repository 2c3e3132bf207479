"""The page and the real porchlightd, with the broker, rights and proxy of the templates between
them: what a hand does at the switch, seen and answered on a phone."""

import json
import secrets

import pytest

from tests.kit import kiosk as kit
from tests.kit import wait
from tests.kit.broker import free_port
from tests.kit.member import enlist, phone_key
from tests.phone.browser import Page
from tests.phone.serving import Broker, Proxy


class Whole:
    def __init__(self, folder, authority, certificate, browser):
        self.browser, self.pages = browser, []
        self.broker = Broker(folder, authority).start()
        self.proxy = Proxy(folder, certificate, self.broker, free_port()).start()
        reach = {"host": "localhost", "port": self.broker.port, "ca": authority.pem,
                 "user": "later", "password": "broker-b0", "outside": "yes"}
        self.kiosk = kit.Kiosk(brokers=0, conf={"broker b0": reach})
        self.kiosk.account, password = self.kiosk.id, secrets.token_hex(16)
        self.broker.account("kiosk", self.kiosk.venue, self.kiosk.id, self.kiosk.id, password)
        (self.kiosk.credentials / "broker-b0").write_text(password + "\n")
        (self.kiosk.credentials / "broker-b0").chmod(0o600)
        self.kiosk.change({"broker b0": {"user": self.kiosk.id}})
        self.members = [secrets.token_hex(8) for _ in range(3)]  # the kiosk's list has them
        enlist(self.kiosk.state, {account: "member" for account in self.members})

    def phone(self, staff=False):
        """A phone that is a member already: its keys are laid where enrolment would put them."""
        account = secrets.token_hex(8) if staff else self.members.pop()
        password, role = secrets.token_hex(16), "staff" if staff else "member"
        self.broker.account(role, self.kiosk.venue, self.kiosk.id, account, password)
        public, secret = phone_key(account)
        if staff:
            self.vouch(account, public)
        kept = (self.kiosk.credentials / "root.pub").read_text().strip()
        membership = {
            "brokers": [self.proxy.websocket()], "account": account, "password": password,
            "venue": self.kiosk.venue, "kiosk": self.kiosk.id, "rootPublic": kept,
            "kioskPublic": self.kiosk.keys.kiosk.hex(), "venueKey": self.kiosk.keys.venue.hex(),
            "public": public.hex(), "secret": secret.hex(), "staff": staff, "certificate": None,
            "push": None}
        page = Page(self.browser, self.proxy.url())
        page.run("localStorage.setItem('k1', arguments[0])",
                 json.dumps({"memberships": [membership], "kept": {}}))
        page.driver.refresh()
        self.pages.append(page)
        return page.until_face("quiet")

    def vouch(self, account, public):
        """The root, off site, signs the staff phone's key, as a host does it."""
        made = self.kiosk.cli("keys", "staff", "--root", self.kiosk.root_key, "--public",
                              public.hex(), "--account", account)
        assert made.returncode == 0, made.stderr

    def close(self):
        for page in self.pages:
            page.close()
        self.proxy.stop()
        self.broker.stop()


@pytest.fixture
def whole(folder, authority, certificate, browser):
    made = Whole(folder, authority, certificate, browser)
    try:
        with made.kiosk:
            made.kiosk.start()
            yield made
    finally:
        made.close()


def test_a_press_reaches_the_page_and_its_answer_the_kiosk(whole):
    page = whole.phone()
    whole.kiosk.sim("switch", "hold", "1.7s")
    page.until_face("lockdown")
    page.click("#seen")
    page.click("#safe")
    wait.until(lambda: '"seen":1' in json.dumps(whole.kiosk.status(), separators=(",", ":")),
               lambda: f"the answer counted; status: {whole.kiosk.status()}", 60)
    page.until_text("#said", "safe")
    assert not page.shown("#refused")
    whole.kiosk.sim("switch", "presses", "5")
    page.until_face("unconfirmed")


def test_staff_end_a_real_lockdown(whole):
    staff = whole.phone(staff=True)
    member = whole.phone()
    whole.kiosk.sim("switch", "hold", "1.7s")
    staff.until_face("lockdown")
    member.until_face("lockdown")
    staff.click("#staff summary")
    staff.hold("[data-command=all-clear]")
    staff.until_text("#staff-said", "Sent")
    member.until_face("all-clear")
    staff.until_face("all-clear")


def test_duress_at_the_switch_is_for_staff_alone(whole):
    staff = whole.phone(staff=True)
    member = whole.phone()
    whole.kiosk.sim("switch", "hold", "1.7s")
    member.until_face("lockdown")
    staff.until_face("lockdown")
    whole.kiosk.sim("switch", "presses", "4")
    staff.until_face("duress")
    member.until_face("unconfirmed")  # as after the code


def test_a_killed_kiosk_is_missed_and_its_lockdown_stays(whole):
    page = whole.phone()
    whole.kiosk.sim("switch", "hold", "1.7s")
    page.until_face("lockdown")
    whole.kiosk.daemon.kill()
    page.skip(15).until_text("#lines", "gone silent")
    assert page.face == "lockdown"
    whole.kiosk.start()
    page.until(lambda: "gone silent" not in (page.shown("#lines") or ""), "a sign of life")
    assert page.face == "lockdown"
    page.until_text("#lines", "restarted")
