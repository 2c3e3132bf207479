"""The invitation, and what is said while a phone joins."""

import base64
from dataclasses import dataclass

from tests.vectors.third.wire import VERSION, Refused, blake2b, certified, check, verify


def unbase64url(text):
    check("=" not in text and "+" not in text and "/" not in text)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError as error:
        raise Refused("malformed") from error


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(frozen=True)
class Invitation:
    staff: bool
    spare: bool  # its password stays
    account: str
    venue: str
    kiosk: str
    expires: int
    kiosk_public: bytes
    root_public: bytes
    secret: bytes
    password: str
    brokers: tuple  # of (address, SHA-256 of its authority's certificate, or b"")
    push: str


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        check(size <= len(self.data))
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def byte(self):
        return self.take(1)[0]

    def text(self):
        try:
            return self.take(self.byte()).decode()
        except UnicodeDecodeError as error:
            raise Refused("malformed") from error


def invitation_read(link):
    check("#i=" in link)
    read = Reader(unbase64url(link.split("#i=", 1)[1]))
    check(read.byte() == VERSION)
    flags = read.byte()
    check(flags <= 3)
    account, venue, kiosk = (read.take(8).hex() for _ in range(3))
    expires = int.from_bytes(read.take(4), "big")
    kiosk_public, root_public, secret = (read.take(32) for _ in range(3))
    password = read.text()
    check(len(password) >= 16)
    count = read.byte()
    check(1 <= count <= 4)
    brokers = []
    for _ in range(count):
        address, pin = read.text(), read.byte()
        check(address.startswith("wss://") and pin in (0, 32))
        brokers.append((address, read.take(pin)))
    push = read.text()
    check(push == "" or push.startswith("https://"))
    check(not read.data)
    return Invitation(flags & 1 == 1, flags & 2 == 2, account, venue, kiosk, expires, kiosk_public, root_public, secret,
                      password, tuple(brokers), push)


def letter_mac(invitation, phone_public, password):
    return blake2b(b"porchlight-letter\0" + who(invitation) + phone_public + bytes((invitation.staff,))
                   + blake2b(password.encode()), invitation.secret)


def welcome_mac(invitation, phone_public, members_key):
    return blake2b(b"porchlight-welcome\0" + who(invitation) + phone_public + members_key
                   + invitation.kiosk_public + invitation.root_public, invitation.secret)


def welcome_read(invitation, phone_public, said):
    """The members' key, and a staff phone's certificate (else None)."""
    check(said["kind"] == "welcome" and said["account"] == invitation.account)
    key, certificate = bytes.fromhex(said["venue_key"]), None
    check(said["mac"] == welcome_mac(invitation, phone_public, key).hex(), "forged")
    if invitation.staff:
        check("certificate" in said)
        certificate = bytes.fromhex(said["certificate"])
        verify(invitation.root_public, certificate,
               certified("staff", invitation.venue, phone_public, invitation.account))
    return key, certificate


def who(invitation):
    return bytes.fromhex(invitation.venue + invitation.kiosk + invitation.account)


def digits(invitation, phone_public, nonce):
    drawn = blake2b(b"porchlight-digits\0" + phone_public + nonce, invitation.secret)
    return f"{int.from_bytes(drawn[:8], 'big') % 10 ** 6:06}"
