"""The root key as it is written on paper, made with Python's own BLAKE2, and its account at a broker."""

from base64 import urlsafe_b64encode
from hashlib import blake2b


def paper(seed, numbered=True):
    """Its four lines: sixteen hex digits, and four that tell a slip."""
    lines = []
    for i in range(4):
        part = seed[8 * i:8 * i + 8]
        text = (part + blake2b(bytes([i]) + part, digest_size=16).digest()[:2]).hex()
        groups = " ".join(text[n:n + 4] for n in range(0, 20, 4))
        lines.append(f"{i + 1}: {groups}" if numbered else groups)
    return lines


def slipped(line):
    """The same with one digit wrong."""
    return line[:-7] + ("e" if line[-7] != "e" else "d") + line[-6:]


def type_in(terminal, lines):
    for number, line in enumerate(lines, 1):
        terminal.until(f"line {number}: ")
        terminal.say(line)


def root_account(seed, broker):
    """The root key's own account at a broker of that name, and its password, as `porchlight` draws them."""
    def drawn(purpose):
        return blake2b(f"porchlight-{purpose}-1".encode(), key=seed, digest_size=24).digest()
    return drawn("root")[:8].hex(), urlsafe_b64encode(drawn(f"root-{broker}")).decode()
