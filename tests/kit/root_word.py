"""What the root key says of a kiosk, as PROTOCOL.md has form 8: made with PyNaCl."""

import struct
import time
import uuid

from nacl import bindings as na

from tests.kit.envelope import SIZE, VERSION

FORM = 8


def root_word(seed, venue, kiosk, retired=None, ended=None, revoked=()):
    """768 bytes. `retired`: a kiosk's public key; `ended`: (alert's id or None, epoch, seq);
    `revoked`: accounts in hex. All ids in hex."""
    _, secret = na.crypto_sign_seed_keypair(seed)
    head = bytes([VERSION, FORM]) + struct.pack(">Q", int(time.time()))
    said = bytes([bool(retired) + 2 * bool(ended)]) + (retired or bytes(32))
    if ended:
        alert, epoch, seq = ended
        said += (uuid.UUID(alert).bytes if alert else bytes(16)) + struct.pack(">QQ", epoch, seq)
    else:
        said += bytes(32)
    said += bytes([len(revoked)]) + b"".join(bytes.fromhex(a) for a in revoked)
    said = said.ljust(SIZE - 74, b"\0")
    covered = b"porchlight-root\0" + bytes.fromhex(venue + kiosk) + head + said
    return head + na.crypto_sign(covered, secret)[:64] + said


def reads(wire, root_public, venue, kiosk):
    """(retired key or None, ended id or None, revoked) of a root word that holds; None: it does
    not."""
    if len(wire) != SIZE or wire[:2] != bytes([VERSION, FORM]):
        return None
    covered = b"porchlight-root\0" + bytes.fromhex(venue + kiosk) + wire[:10] + wire[74:]
    try:
        na.crypto_sign_open(wire[10:74] + covered, root_public)
    except Exception:
        return None
    revoked = [wire[140 + 8 * i:148 + 8 * i].hex() for i in range(wire[139])]
    return (wire[75:107] if wire[74] & 1 else None,
            str(uuid.UUID(bytes=wire[107:123])) if wire[74] & 2 else None, revoked)
