"""What only staff phones can read, from its description in kiosk/core/staff_box.h and in another
language: a box, and the signed message around it."""

import hashlib
import random
import secrets
import struct

from nacl import bindings as na
from nacl.exceptions import BadSignatureError, CryptoError

from tests.kit import envelope
from tests.kit.envelope import Refused

FORM, SIZE, SLOTS, TEXT_MAX = 7, 678, 8, 220
ZERO = bytes(12)


def _bound(venue, kiosk, ephemeral):
    return b"porchlight-box\0" + bytes.fromhex(venue) + bytes.fromhex(kiosk) + ephemeral


def _slot_key(own, other, ephemeral, phone):
    shared = na.crypto_scalarmult(own, other)
    return hashlib.blake2b(b"porchlight-slot\0" + shared + ephemeral + phone,
                           digest_size=32).digest()


def seal(venue, kiosk, phones, text, draw=secrets.token_bytes, places=None, padding=0):
    """A box for these Ed25519 public keys. `draw` and `places` are what is random in it."""
    data, own, content = text.encode(), draw(32), draw(32)
    if len(data) > TEXT_MAX or len(phones) > SLOTS:
        raise Refused("too long")
    ephemeral = na.crypto_scalarmult_base(own)
    bound = _bound(venue, kiosk, ephemeral)
    slots = [draw(48) for _ in range(SLOTS)]
    for place, public in zip(places or random.sample(range(SLOTS), SLOTS), phones):
        phone = na.crypto_sign_ed25519_pk_to_curve25519(public)
        key = _slot_key(own, phone, ephemeral, phone)
        slots[place] = na.crypto_aead_chacha20poly1305_ietf_encrypt(content, bound, ZERO, key)
    nonce = draw(24)
    inner = struct.pack(">H", len(data)) + data + bytes([padding]) * (TEXT_MAX - len(data))
    box = (ephemeral + b"".join(slots) + nonce
           + na.crypto_aead_xchacha20poly1305_ietf_encrypt(inner, bound, nonce, content))
    assert len(box) == SIZE
    return box


def open_box(venue, kiosk, public, secret, box):
    """The text, or Refused: no slot is for this phone."""
    own = na.crypto_sign_ed25519_sk_to_curve25519(secret)
    phone = na.crypto_sign_ed25519_pk_to_curve25519(public)
    ephemeral, bound = box[:32], _bound(venue, kiosk, box[:32])
    key = _slot_key(own, ephemeral, ephemeral, phone)
    for i in range(SLOTS):
        slot = box[32 + 48 * i:80 + 48 * i]
        try:
            content = na.crypto_aead_chacha20poly1305_ietf_decrypt(slot, bound, ZERO, key)
            inner = na.crypto_aead_xchacha20poly1305_ietf_decrypt(box[440:], bound, box[416:440],
                                                                  content)
        except CryptoError:
            continue
        length = struct.unpack(">H", inner[:2])[0]
        if length > TEXT_MAX or any(inner[2 + length:]):
            raise Refused("malformed padding")
        return inner[2:2 + length].decode()
    raise Refused("no slot for this phone")


def sign(box, kiosk_secret, topic, epoch, seq, time=0):
    """The message around a box, as the kiosk sends it."""
    _, venue, kiosk, _ = topic.split("/", 3)
    bound = envelope.place(FORM, venue, kiosk, epoch, seq, topic)
    covered = struct.pack(">Q", time) + box
    return (bound[11:13] + struct.pack(">QQ", epoch, seq)
            + na.crypto_sign(bound + covered, kiosk_secret)[:64] + covered)


def check(wire, kiosk_public, topic):
    """(epoch, seq, time, box) of a message that this kiosk signed, or Refused."""
    _, venue, kiosk, _ = topic.split("/", 3)
    epoch, seq = struct.unpack(">QQ", wire[2:18])
    bound = envelope.place(FORM, venue, kiosk, epoch, seq, topic)
    if len(wire) != envelope.SIZE or wire[:2] != bound[11:13]:
        raise Refused(f"{len(wire)} bytes beginning {wire[:2].hex()} are no message to staff")
    try:
        na.crypto_sign_open(wire[18:82] + bound + wire[82:], kiosk_public)
    except BadSignatureError as bad:
        raise Refused(str(bad)) from None
    return epoch, seq, struct.unpack(">Q", wire[82:90])[0], wire[90:]
