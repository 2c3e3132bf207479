"""A broker whose certificate comes from the CA that is pinned is reached, however it was issued and
whatever the clock says; doctor names what phones would not accept."""

import socket
import ssl
import threading
from functools import partial

import pytest

from tests.faults.link import SIX, Link
from tests.kit import doctor, pki, wait
from tests.kit.clock import DAY, UNSET, YEAR, start_at
from tests.kit.fake_broker import Dialect, FakeBroker
from tests.kit.kiosk import FAST, Kiosk


def bundle(path, *parts):
    path.write_bytes(b"".join(p.read_bytes() for p in parts))
    return path


def direct(k, kind="EC", **dates):
    return k.authority.server("leaf", kind=kind, **dates), k.authority.pem


def issued(k, cross):
    """A leaf by an intermediate by the new root, which the old root has signed too while the CA
    changes over."""
    old, new = k.authority, pki.Authority(k.folder / "new", "New root")
    middle = pki.Authority(k.folder / "middle", "Intermediate")
    leaf, key = middle.server("leaf")
    by_new = new.cross_sign(middle, k.folder / "by-new.pem")
    bridge = [old.cross_sign(new, k.folder / "bridge.pem")] if cross else []
    sent = bundle(k.folder / "chain.pem", leaf, by_new, *bridge)
    return (sent, key), old.pem, new.pem, by_new


def intermediate_sent(k):
    served, _, root, _ = issued(k, cross=False)
    return served, root


def intermediate_pinned(k):
    served, _, _, middle = issued(k, cross=False)
    return served, middle


def cross_old(k):
    served, old, _, _ = issued(k, cross=True)
    return served, old


def cross_new(k):
    served, _, new, _ = issued(k, cross=True)
    return served, new


def two_pinned(k):
    served, old, new, _ = issued(k, cross=False)
    return served, bundle(k.folder / "both.pem", new, old)


def leaf_pinned(k):
    (leaf, key), _ = direct(k)
    return (leaf, key), leaf


def pasted(k):
    """Through an editor of Windows."""
    served, root = direct(k)
    path = k.folder / "pasted.pem"
    path.write_bytes(b"\xef\xbb\xbf" + root.read_text().replace("\n", "\r\n").encode())
    return served, path


def behind_a_damaged_one(k):
    served, root = direct(k)
    lines = pki.Authority(k.folder / "spoilt").pem.read_text().splitlines(keepends=True)
    path = k.folder / "spoilt.pem"
    path.write_text("".join([lines[0], "!" + lines[1], *lines[2:]]) + root.read_text())
    return served, path


ISSUED = {
    "EC": direct,
    "RSA": lambda k: direct(k, "RSA"),
    "an intermediate, its root pinned": intermediate_sent,
    "an intermediate, itself pinned": intermediate_pinned,
    "cross-signed, the old root pinned": cross_old,
    "cross-signed, the new root pinned": cross_new,
    "two roots in one file": two_pinned,
    "the server's own pinned": leaf_pinned,
    "a CA with a byte order mark and Windows line ends": pasted,
    "a CA behind a certificate that is damaged": behind_a_damaged_one,
    "expired yesterday": lambda k: direct(k, begins=-20, ends=-1),
    "valid from tomorrow": lambda k: direct(k, begins=1, ends=20),
}


@pytest.mark.parametrize("case", ISSUED)
def test_any_certificate_of_the_pinned_ca_is_taken(case):
    kiosk = Kiosk(conf=FAST)
    kiosk.brokers[0].certificate, pinned = ISSUED[case](kiosk)
    kiosk.change({"broker b0": {"ca": pinned}})
    with kiosk:
        kiosk.start()


STEPS = (-20 * YEAR, -3 * DAY, -600, 600, 3 * DAY, 20 * YEAR, UNSET)


@pytest.mark.parametrize("synced", (True, False), ids=("synced", "not synced"))
@pytest.mark.parametrize("case", ("EC", "RSA", "an intermediate, itself pinned", "the server's own pinned",
                                  "cross-signed, the old root pinned"))
def test_no_clock_makes_the_kiosk_mute(case, synced):
    """By each step a kiosk and a broker that know nothing of the step before."""
    kiosk = Kiosk(conf=FAST)
    broker = kiosk.brokers[0]
    broker.certificate, pinned = ISSUED[case](kiosk)
    kiosk.change({"broker b0": {"ca": pinned}})
    if case == "an intermediate, itself pinned":
        broker.ca = kiosk.folder / "new/ca.pem"  # a phone of the tests takes a root alone
    with kiosk:
        for step in STEPS:
            (kiosk.state / "record").unlink(missing_ok=True)
            start_at(kiosk, step, synced=synced)
            phone = kiosk.member()
            kiosk.wires().hold(0.4)
            said = phone.wait("lockdown", "alert").body
            assert said["synced"] == synced, f"{step}: {said}"
            wait.until(lambda: kiosk.status()["pending"] == 0, kiosk.status)
            phone.close()
            kiosk.daemon.stop()
            broker.kill()
            broker.start()


def test_an_address_in_the_certificate():
    kiosk = Kiosk(conf={**FAST, "broker b0": {"host": "127.0.0.1"}})
    with kiosk:
        kiosk.start()


@pytest.mark.parametrize("host", ["::1", "[::1]", "0:0:0:0:0:0:0:1"])
@pytest.mark.parametrize("san, fault", [("IP:::1", "fine"), ("IP:127.0.0.1", "tls"), ("DNS:localhost", "tls")])
def test_an_ipv6_address_is_taken_from_the_certificate_alone(host, san, fault):
    kiosk = Kiosk(conf=FAST)
    kiosk.brokers[0].certificate = kiosk.authority.server("six", hosts=(san,))
    link = Link(kiosk.brokers[0].port, (SIX,))
    kiosk.change({"broker b0": {"host": host, "port": link.port}})
    with kiosk:
        kiosk.start(connected=False)
        wait.until(lambda: kiosk.status()["brokers"][0]["fault"] == fault, kiosk.status)
        assert kiosk.connected() == (fault == "fine")
    link.close()


def test_doctor_names_what_phones_would_refuse():
    kiosk = Kiosk(conf=FAST)
    kiosk.brokers[0].certificate, _ = direct(kiosk, begins=-20, ends=-1)
    with kiosk:
        kiosk.start()
        said = kiosk.cli("doctor", within=60).stdout
        assert "has expired" in said and "connects all the same" in " ".join(said.split())


def speaks(tls, version=None, ciphers=None, verify=ssl.CERT_NONE, name=None):
    if version:
        tls.minimum_version = tls.maximum_version = version
    if ciphers:
        tls.set_ciphers(ciphers)
    tls.verify_mode = verify
    tls.sni_callback = name


def wants_a_certificate(version):
    return partial(speaks, version=version, verify=ssl.CERT_REQUIRED)


REFUSES = {
    "an old one": (partial(speaks, version=ssl.TLSVersion.TLSv1_1, ciphers="ALL:@SECLEVEL=0"),
                   "neither TLS 1.2 nor 1.3"),
    "one with ciphers of its own": (partial(speaks, version=ssl.TLSVersion.TLSv1_2,
                                            ciphers="AES128-SHA:@SECLEVEL=0"), "no cipher"),
    "one that serves other names": (partial(speaks, name=lambda *of: (
        ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)), "does not serve this host name"),
    "one that wants a certificate, by TLS 1.2": (wants_a_certificate(ssl.TLSVersion.TLSv1_2),
                                                 "client certificate"),
    "one that wants a certificate, by TLS 1.3": (wants_a_certificate(ssl.TLSVersion.TLSv1_3),
                                                 "client certificate"),
}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("case", REFUSES)
def test_a_broker_that_refuses_tls_as_the_kiosk_speaks_it_says_why(case):
    """Not a captive portal, and not "hangs up"."""
    tls, said = REFUSES[case]
    with Kiosk(conf=FAST) as kiosk:
        broker = FakeBroker(kiosk.brokers[0].certificate, Dialect(), tls)
        kiosk.change({"broker b0": {"port": broker.port}})
        kiosk.start(connected=False)

        def told():
            b = kiosk.status()["brokers"][0]
            return b["fault"] == "tls" and said in b["error"]
        wait.until(told, lambda: f"{kiosk.status()['brokers'][0]}", 20)
        found = doctor.ask(kiosk.prefix)["broker"]["b0"]
        assert found.verdict == "failure" and said in found.said
        broker.close()


@pytest.mark.parametrize("answer, said", [
    (b"", "does not speak TLS: it hangs up where TLS begins"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
    (None, "takes the connection, and then says nothing")],
    ids=("hangs up", "answers by HTTP", "is silent"))
def test_doctor_says_what_is_there_in_the_place_of_a_broker(answer, said):
    def serve(listener, done):
        try:
            while True:
                client, _ = listener.accept()
                if answer is None:
                    done.wait()
                client.sendall(answer or b"")
                client.close()
        except OSError:
            pass
    done = threading.Event()
    with Kiosk(conf=FAST) as kiosk, socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, done), daemon=True).start()
        kiosk.change({"broker b0": {"port": listener.getsockname()[1]}})
        found = doctor.ask(kiosk.prefix)["broker"]["b0"]
        done.set()
        assert found.verdict == "failure" and said in found.said
