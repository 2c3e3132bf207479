"""The envelope once more, from its description in kiosk/core/envelope.h and in another language:
what C and Python both open was not sealed by a shared mistake."""

import struct
import time

from nacl import bindings as na
from nacl.exceptions import BadSignatureError, CryptoError

SIZE = 768
VERSION = 2
# byte 1 of a message
BROADCAST, LETTER = 1, 2
WELCOME, OFFER, CLEAR = 4, 5, 6


# Topics whose messages are signed and not sealed.
CLEAR_TOPICS = {"beat", "presence", "ring", "wake"}


class Refused(Exception):
    pass


def head(form):
    return bytes([VERSION, form])


def _is(wire, form):
    if len(wire) != SIZE or wire[:2] != head(form):
        raise Refused(f"{len(wire)} bytes beginning {wire[:2].hex()} are not of form {form}")


def place(form, venue, kiosk, epoch, seq, topic):
    name = topic.encode()
    return (b"porchlight\0" + head(form) + bytes.fromhex(venue) + bytes.fromhex(kiosk)
            + struct.pack(">QQH", epoch, seq, len(name)) + name)


def _unpad(inner):
    """(signature, text) of what was sealed."""
    signature, length, rest = inner[:64], struct.unpack(">H", inner[64:66])[0], inner[66:]
    if length > len(rest) or any(rest[length:]):
        raise Refused("malformed padding")
    return signature, rest[:length]


def open_broadcast(wire, venue_key, kiosk_public, topic):
    """(epoch, seq, text), or Refused. `topic` is the full name it came on."""
    _is(wire, BROADCAST)
    epoch, seq = struct.unpack(">QQ", wire[2:18])
    _, venue, kiosk, _ = topic.split("/", 3)
    bound = place(1, venue, kiosk, epoch, seq, topic)
    try:
        inner = na.crypto_aead_xchacha20poly1305_ietf_decrypt(wire[42:], bound, wire[18:42],
                                                              venue_key)
        signature, text = _unpad(inner)
        na.crypto_sign_open(signature + bound + text, kiosk_public)
    except (CryptoError, BadSignatureError) as bad:
        raise Refused(str(bad)) from None
    return epoch, seq, text.decode()


def seal_letter(text, kiosk_public, topic, signer=None):
    """A phone's letter to the kiosk; `signer` is an Ed25519 secret key of 64 bytes."""
    _, venue, kiosk, _ = topic.split("/", 3)
    data = text.encode()
    signature = bytes(64)
    if signer:
        signature = na.crypto_sign(place(2, venue, kiosk, 0, 0, topic) + data, signer)[:64]
    room = SIZE - 2 - 48 - 66
    if len(data) > room:
        raise Refused(f"{len(data)} bytes do not fit into {room}")
    inner = signature + struct.pack(">H", len(data)) + data + bytes(room - len(data))
    to = na.crypto_sign_ed25519_pk_to_curve25519(kiosk_public)
    return head(LETTER) + na.crypto_box_seal(inner, to)


def seal_welcome(text, phone_public, kiosk_secret, topic):
    """What a kiosk says to one phone."""
    _, venue, kiosk, _ = topic.split("/", 3)
    data = text.encode()
    signature = na.crypto_sign(place(WELCOME, venue, kiosk, 0, 0, topic) + data, kiosk_secret)[:64]
    inner = signature + struct.pack(">H", len(data)) + data + bytes(652 - len(data))
    return head(WELCOME) + na.crypto_box_seal(
        inner, na.crypto_sign_ed25519_pk_to_curve25519(phone_public))


def seal_broadcast(text, venue_key, kiosk_secret, topic, epoch, seq):
    """What a kiosk says; `kiosk_secret` is an Ed25519 secret key of 64 bytes."""
    _, venue, kiosk, _ = topic.split("/", 3)
    data, nonce = text.encode(), na.randombytes(24)
    bound = place(1, venue, kiosk, epoch, seq, topic)
    room = SIZE - 42 - 16 - 66
    if len(data) > room:
        raise Refused(f"{len(data)} bytes do not fit into {room}")
    inner = (na.crypto_sign(bound + data, kiosk_secret)[:64] + struct.pack(">H", len(data)) + data
             + bytes(room - len(data)))
    return (head(BROADCAST) + struct.pack(">QQ", epoch, seq) + nonce
            + na.crypto_aead_xchacha20poly1305_ietf_encrypt(inner, bound, nonce, venue_key))


def open_clear(wire, kiosk_public, topic):
    """(epoch, seq, text) of a message that is signed and not sealed, or Refused."""
    _is(wire, CLEAR)
    epoch, seq = struct.unpack(">QQ", wire[2:18])
    _, venue, kiosk, _ = topic.split("/", 3)
    signature, text = _unpad(wire[18:])
    try:
        na.crypto_sign_open(signature + place(CLEAR, venue, kiosk, epoch, seq, topic) + text,
                            kiosk_public)
    except BadSignatureError as bad:
        raise Refused(str(bad)) from None
    return epoch, seq, text.decode()


def seal_clear(text, kiosk_secret, topic, epoch, seq):
    """What a kiosk says to everybody at the broker: signed, not sealed."""
    _, venue, kiosk, _ = topic.split("/", 3)
    data, room = text.encode(), SIZE - 84
    if len(data) > room:
        raise Refused(f"{len(data)} bytes do not fit into {room}")
    bound = place(CLEAR, venue, kiosk, epoch, seq, topic)
    return (head(CLEAR) + struct.pack(">QQ", epoch, seq)
            + na.crypto_sign(bound + data, kiosk_secret)[:64] + struct.pack(">H", len(data)) + data
            + bytes(room - len(data)))


def open_any(wire, venue_key, kiosk_public, topic):
    """What a kiosk says on `topic`, sealed or in clear."""
    if topic.split("/")[3] in CLEAR_TOPICS:
        return open_clear(wire, kiosk_public, topic)
    return open_broadcast(wire, venue_key, kiosk_public, topic)


def seal_any(text, venue_key, kiosk_secret, topic, epoch, seq):
    if topic.split("/")[3] in CLEAR_TOPICS:
        return seal_clear(text, kiosk_secret, topic, epoch, seq)
    return seal_broadcast(text, venue_key, kiosk_secret, topic, epoch, seq)


def age_fields(started=0.0):
    """How old a message is shows in these."""
    return {"synced": True, "up": int((time.monotonic() - started) * 1000)}


def beat_fields(started=0.0, **fields):
    """A beat's own keys; `started` is on the clock of time.monotonic()."""
    return {**age_fields(started), "state": 0, "staff": 0,
            "ring": 0, "echo": [], **fields}


# Kinds that do without the keys that others share.
SHORT_KINDS = {"beat", "ring"}
AGED_KINDS = {"lockdown", "caution", "all-clear", "state"}
LONG_KEYS = ("id", "age_ms", "drill", "resumed", "detail")


def shaped(body):
    """A kiosk's message with what its kind has besides, and without the keys that it leaves out."""
    if body["kind"] in AGED_KINDS:
        return {**age_fields(), **body}
    if body["kind"] not in SHORT_KINDS:
        return body
    return {k: v for k, v in body.items() if k not in LONG_KEYS or (k, body["kind"]) == ("id", "ring")}


def open_letter(wire, kiosk_public, kiosk_secret, topic, signer=None):
    """The text of a phone's letter, or Refused. With `signer`, a public key, it must have signed."""
    _is(wire, LETTER)
    _, venue, kiosk, _ = topic.split("/", 3)
    try:
        signature, text = _unpad(na.crypto_box_seal_open(
            wire[2:], na.crypto_sign_ed25519_pk_to_curve25519(kiosk_public),
            na.crypto_sign_ed25519_sk_to_curve25519(kiosk_secret)))
        if signer:
            na.crypto_sign_open(signature + place(2, venue, kiosk, 0, 0, topic) + text, signer)
    except (CryptoError, BadSignatureError) as bad:
        raise Refused(str(bad)) from None
    return text.decode()
