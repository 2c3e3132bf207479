"""The forms of PROTOCOL.md, byte by byte, with PyNaCl."""

import hashlib
import os
from dataclasses import dataclass, replace

import nacl.bindings as sodium
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

VERSION = 2
SIZE = 768
LIMIT = 2 ** 53
MEMBERS, TO_KIOSK, TO_PHONE, OFFER, CLEAR, STAFF, ROOT = 1, 2, 4, 5, 6, 7, 8
HELLO, ANNOUNCEMENT, GONE, ARRIVED = 9, 10, 11, 12


class Refused(Exception):
    """`why` is "malformed", "not ours" (it does not open with this key) or "forged"."""

    def __init__(self, why):
        super().__init__(why)
        self.why = why


def check(condition, why="malformed"):
    if not condition:
        raise Refused(why)


@dataclass(frozen=True)
class Place:
    """What a message is bound to: ids as hex, topic by its full name."""
    venue: str
    kiosk: str
    topic: str
    epoch: int = 0
    seq: int = 0

    def bound(self, form):
        topic = self.topic.encode()
        return b"".join((b"porchlight\0", bytes((VERSION, form)), bytes.fromhex(self.venue),
                         bytes.fromhex(self.kiosk), u64(self.epoch), u64(self.seq),
                         len(topic).to_bytes(2, "big"), topic))


def u64(number):
    return number.to_bytes(8, "big")


def u64_at(data, offset):
    return int.from_bytes(data[offset:offset + 8], "big")


def blake2b(data, key=b""):
    return hashlib.blake2b(data, key=key, digest_size=32).digest()


def sign(seed, data):
    return SigningKey(seed).sign(data).signature


def public_of(seed):
    return bytes(SigningKey(seed).verify_key)


def signed_by(public, signature, data):
    try:
        VerifyKey(public).verify(data, signature)
    except (CryptoError, ValueError):
        return False
    return True


def verify(public, signature, data):
    check(signed_by(public, signature, data), "forged")


def to_curve(public):
    try:
        return sodium.crypto_sign_ed25519_pk_to_curve25519(public)
    except (CryptoError, RuntimeError) as error:
        raise Refused("malformed") from error


def secret_to_curve(seed):
    return sodium.crypto_sign_ed25519_sk_to_curve25519(seed + public_of(seed))


def opening(wire, form):
    """Size, version and form, which a reader looks at first."""
    check(len(wire) == SIZE and wire[0] == VERSION and wire[1] == form)


def numbers(wire):
    epoch, seq = u64_at(wire, 2), u64_at(wire, 10)
    check(epoch < LIMIT and seq < LIMIT)
    return epoch, seq


def framed(text, room):
    check(len(text) <= room)
    return len(text).to_bytes(2, "big") + text + bytes(room - len(text))


def unframed(data):
    length = int.from_bytes(data[:2], "big")
    check(length <= len(data) - 2 and not any(data[2 + length:]))
    return data[2:2 + length]


# Form 1

def members_make(place, key, kiosk_seed, text, nonce=None):
    nonce = nonce or os.urandom(24)
    bound = place.bound(MEMBERS)
    plain = sign(kiosk_seed, bound + text) + framed(text, 644)
    return (bytes((VERSION, MEMBERS)) + u64(place.epoch) + u64(place.seq) + nonce
            + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, bound, nonce, key))


def members_open(wire, place, key, kiosk_public):
    """The text and where it belongs: place with the epoch and seq of the message."""
    opening(wire, MEMBERS)
    epoch, seq = numbers(wire)
    place = replace(place, epoch=epoch, seq=seq)
    bound = place.bound(MEMBERS)
    try:
        plain = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(wire[42:], bound, wire[18:42], key)
    except CryptoError as error:
        raise Refused("not ours") from error
    text = unframed(plain[64:])
    verify(kiosk_public, plain[:64], bound + text)
    return text, place


# Form 6

def clear_make(place, kiosk_seed, text):
    return (bytes((VERSION, CLEAR)) + u64(place.epoch) + u64(place.seq)
            + sign(kiosk_seed, place.bound(CLEAR) + text) + framed(text, 684))


def clear_open(wire, place, kiosk_public):
    opening(wire, CLEAR)
    epoch, seq = numbers(wire)
    place = replace(place, epoch=epoch, seq=seq)
    text = unframed(wire[82:])
    verify(kiosk_public, wire[18:82], place.bound(CLEAR) + text)
    return text, place


# Form 7

def slot_key(shared, ephemeral, phone_curve):
    return blake2b(b"porchlight-slot\0" + shared + ephemeral + phone_curve)


def box_bound(venue, kiosk, ephemeral):
    return b"porchlight-box\0" + bytes.fromhex(venue) + bytes.fromhex(kiosk) + ephemeral


def box_make(venue, kiosk, text, phones):
    """`phones` are the staff phones' Ed25519 public keys, at most eight."""
    secret = os.urandom(32)
    ephemeral = sodium.crypto_scalarmult_base(secret)
    content, nonce, bound = os.urandom(32), os.urandom(24), box_bound(venue, kiosk, ephemeral)
    slots = b""
    for phone in phones:
        curve = to_curve(phone)
        key = slot_key(sodium.crypto_scalarmult(secret, curve), ephemeral, curve)
        slots += sodium.crypto_aead_chacha20poly1305_ietf_encrypt(content, bound, bytes(12), key)
    slots += os.urandom(384 - len(slots))
    return ephemeral + slots + nonce + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        framed(text, 220), bound, nonce, content)


def box_open(box, venue, kiosk, phone_seed):
    ephemeral, bound = box[:32], box_bound(venue, kiosk, box[:32])
    curve = to_curve(public_of(phone_seed))
    try:
        key = slot_key(sodium.crypto_scalarmult(secret_to_curve(phone_seed), ephemeral), ephemeral, curve)
    except (CryptoError, RuntimeError) as error:
        raise Refused("not ours") from error
    for at in range(32, 416, 48):
        try:
            content = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(box[at:at + 48], bound, bytes(12),
                                                                       key)
            return unframed(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
                box[440:], bound, box[416:440], content))
        except CryptoError:
            continue
    raise Refused("not ours")


def staff_make(place, kiosk_seed, time, box):
    rest = u64(time) + box
    return (bytes((VERSION, STAFF)) + u64(place.epoch) + u64(place.seq)
            + sign(kiosk_seed, place.bound(STAFF) + rest) + rest)


def staff_check(wire, place, kiosk_public):
    """When it was sent, the box, and where it belongs."""
    opening(wire, STAFF)
    epoch, seq = numbers(wire)
    place = replace(place, epoch=epoch, seq=seq)
    verify(kiosk_public, wire[18:82], place.bound(STAFF) + wire[82:])
    return u64_at(wire, 82), wire[90:], place


# Forms 2 and 4

def seal(plain, recipient, secret=None):
    """crypto_box_seal with an ephemeral secret that is given, so that vectors are the same each time."""
    secret = secret or os.urandom(32)
    curve, ephemeral = to_curve(recipient), sodium.crypto_scalarmult_base(secret)
    nonce = hashlib.blake2b(ephemeral + curve, digest_size=24).digest()
    return ephemeral + sodium.crypto_box(plain, nonce, curve, secret)


def letter_make(form, place, recipient, seed, text, ephemeral=None):
    """`seed` is the sender's, or None for a letter that is not signed."""
    signature = sign(seed, place.bound(form) + text) if seed else bytes(64)
    return bytes((VERSION, form)) + seal(signature + framed(text, 652), recipient, ephemeral)


def letter_open(form, wire, place, seed):
    """The text and its signature: who has to have signed it is often said by the text alone."""
    opening(wire, form)
    secret = secret_to_curve(seed)
    try:
        plain = sodium.crypto_box_seal_open(wire[2:], sodium.crypto_scalarmult_base(secret), secret)
    except CryptoError as error:
        raise Refused("not ours") from error
    return unframed(plain[64:]), plain[:64]


def letter_verify(form, place, public, text, signature):
    verify(public, signature, place.bound(form) + text)


# Form 5

def offer_open(wire, venue, root_public):
    """The push key's public half and the VAPID key."""
    opening(wire, OFFER)
    push, vapid = wire[2:34], wire[98:163]
    check(not any(wire[227:]))
    verify(root_public, wire[34:98], certified("push", venue, push))
    verify(push, wire[163:227], b"porchlight-offer\0" + bytes.fromhex(venue) + vapid)
    return push, vapid


# Form 11

def gone_signed(venue, endpoint_hash):
    return b"porchlight-gone\0" + bytes.fromhex(venue) + endpoint_hash


def gone_make(venue, push_seed, endpoint):
    hashed = blake2b(endpoint.encode())
    return bytes((VERSION, GONE)) + hashed + sign(push_seed, gone_signed(venue, hashed)) + bytes(670)


def gone_open(wire, venue, push_public):
    """The hash of the address that is gone."""
    opening(wire, GONE)
    check(not any(wire[98:]))
    verify(push_public, wire[34:98], gone_signed(venue, wire[2:34]))
    return wire[2:34]


# What the root signs

def certified(purpose, venue, public, who=""):
    """What a certificate signs: purpose cert (a kiosk), staff or push; `who` the kiosk or account."""
    return (b"porchlight-" + purpose.encode() + b"\0" + bytes.fromhex(venue) + bytes.fromhex(who)
            + public)


# The proof that a staff phone ended an alert

@dataclass(frozen=True)
class Proof:
    alert: str
    epoch: int
    seq: int
    account: str


def proof_signed(venue, kiosk, alert, epoch, seq, account):
    return (b"porchlight-all-clear\0" + bytes.fromhex(venue) + bytes.fromhex(kiosk) + id_bytes(alert)
            + u64(epoch) + u64(seq) + bytes.fromhex(account))


def proof_make(venue, kiosk, alert, epoch, seq, account, seed, certificate):
    return (id_bytes(alert) + u64(epoch) + u64(seq) + bytes.fromhex(account) + public_of(seed)
            + certificate + sign(seed, proof_signed(venue, kiosk, alert, epoch, seq, account)))


def proof_open(data, venue, kiosk, root_public):
    check(len(data) == 200)
    alert, account, public = id_text(data[:16]), data[32:40].hex(), data[40:72]
    epoch, seq = u64_at(data, 16), u64_at(data, 24)
    check(epoch < LIMIT and seq < LIMIT)
    verify(root_public, data[72:136], certified("staff", venue, public, account))
    verify(public, data[136:], proof_signed(venue, kiosk, alert, epoch, seq, account))
    return Proof(alert, epoch, seq, account)


def id_bytes(alert):
    return bytes.fromhex(alert.replace("-", ""))


def id_text(data):
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
