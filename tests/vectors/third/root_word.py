"""Form 8, the root's word, and the union of all that a reader has seen."""

from dataclasses import dataclass, replace

from tests.vectors.third.wire import LIMIT, ROOT, check, id_text, opening, u64_at, verify


@dataclass(frozen=True)
class Word:
    made: int = 0
    retired: bytes = None
    ended: tuple = None  # id, epoch, seq
    revoked: tuple = ()


def word_open(wire, venue, kiosk, root_public):
    opening(wire, ROOT)
    verify(root_public, wire[10:74], b"porchlight-root\0" + bytes.fromhex(venue) + bytes.fromhex(kiosk)
           + wire[:10] + wire[74:])
    flags, key, ended, count = wire[74], wire[75:107], wire[107:139], wire[139]
    check(flags <= 3 and count <= 64 and not any(wire[140 + 8 * count:]))
    check(flags & 1 or not any(key))
    check(flags & 2 or not any(ended))
    epoch, seq = u64_at(ended, 16), u64_at(ended, 24)
    check(epoch < LIMIT and seq < LIMIT)
    return Word(u64_at(wire, 2), key if flags & 1 else None,
                (id_text(ended[:16]), epoch, seq) if flags & 2 else None,
                tuple(wire[140 + 8 * i:148 + 8 * i].hex() for i in range(count)))


def joined(one, other):
    ended = max((e for e in (one.ended, other.ended) if e), key=lambda e: e[1:], default=None)
    revoked = one.revoked + tuple(a for a in other.revoked if a not in one.revoked)
    union = Word(one.made, one.retired or other.retired, ended, revoked)
    return union if union == one else replace(union, made=max(one.made, other.made))
