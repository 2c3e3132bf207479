"""porchlightd's durable record, byte by byte as kiosk/core/record.h has it."""

import hashlib
import struct

SIZE, SLOT = 50, 4096
QUIET, CAUTION, LOCKDOWN = range(3)
WIPE_PENDING = 32


def encode(state=LOCKDOWN, flags=WIPE_PENDING, epoch=3, began=1795375672, serial=1):
    head = struct.pack(">4sQBB16sQI", b"PLR2", epoch, state, flags, bytes(range(1, 17)), began,
                       serial)
    return head + hashlib.blake2b(head, digest_size=16).digest()[:8]


def file(first, second=b""):
    """A record's file with these two in its slots."""
    return first.ljust(SLOT, b"\0") + second.ljust(SLOT, b"\0")


def wipe_pending(path):
    """Whether the newest record in the file asks for a wipe."""
    bytes_ = path.read_bytes()
    slots = [s for s in (bytes_[:SIZE], bytes_[SLOT:SLOT + SIZE]) if s[:4] == b"PLR2"]
    newest = max(slots, key=lambda s: struct.unpack(">I", s[38:42])[0])
    return bool(newest[13] & WIPE_PENDING)


BOX = 678


def traces(after):
    """What the newest record says, but for what is drawn again each time: ids, times, the box and the
    sum over it; and the size of the file, and whether anything is in it outside of records."""
    newest = max((after[:SLOT], after[SLOT:]), key=lambda s: struct.unpack(">I", s[38:42])[0])
    return (len(after), newest[:4], newest[12:14].hex(), any(newest[SIZE:SIZE + BOX]),
            any(newest[SIZE + BOX:]))
