"""The body of a wake-up by Web Push: RFC 8291, in one record of RFC 8188. And the report that a test has
arrived."""

import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.vectors.third import wire

CURVE = ec.SECP256R1()


def pair(scalar):
    return ec.derive_private_key(int.from_bytes(scalar, "big"), CURVE)


def point_of(scalar):
    return pair(scalar).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def derived(secret, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def keys(scalar, other, browser, sender, auth, salt):
    shared = pair(scalar).exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, other))
    secret = derived(shared, auth, b"WebPush: info\0" + browser + sender, 32)
    return (derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16),
            derived(secret, salt, b"Content-Encoding: nonce\0", 12))


def seal(browser, auth, scalar, salt, text, padded):
    sender = point_of(scalar)
    key, nonce = keys(scalar, browser, browser, sender, auth, salt)
    record = (text + b"\2").ljust(padded, b"\0")
    return salt + (4096).to_bytes(4, "big") + bytes((len(sender),)) + sender + AESGCM(key).encrypt(
        nonce, record, None)


def unseal(scalar, auth, body):
    salt, sender = body[:16], body[21:86]
    key, nonce = keys(scalar, sender, point_of(scalar), sender, auth, salt)
    return AESGCM(key).decrypt(nonce, body[86:], None).rstrip(b"\0")[:-1]


def auth_hash(auth):
    """What `subscribed` says of a subscription's secret."""
    return hashlib.blake2b(auth, digest_size=16).digest()


def arrived(venue, account, auth, nonce):
    said = b"porchlight-arrived\0" + bytes.fromhex(venue) + bytes.fromhex(account) + nonce
    return bytes((wire.VERSION, wire.ARRIVED)) + hmac.digest(auth, said, "sha256") + bytes(734)


def is_arrived(data, venue, account, auth, nonce):
    """Whether it reports the test with this nonce, by the subscription with this secret."""
    wire.opening(data, wire.ARRIVED)
    wire.check(not any(data[34:]))
    return hmac.compare_digest(data, arrived(venue, account, auth, nonce))
