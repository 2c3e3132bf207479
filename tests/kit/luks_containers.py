"""LUKS containers in every condition, made by cryptsetup. None needs an open mapping: the kernel that
builds this may have no dm-crypt."""

import hashlib
import json
import os
import subprocess

MIB = 1 << 20
PASS = b"a passphrase of the tests"
FAST = ("-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", "-")
CLEAR = b"GUEST-LIST-ANNA 0001\n"


def cryptsetup(*args):
    return subprocess.run(["cryptsetup", *map(str, args)], input=PASS, capture_output=True)


def done(*args):
    result = cryptsetup(*args)
    assert result.returncode == 0, result.stderr


def blank(path, size=64 * MIB):
    with open(path, "wb") as f:
        f.truncate(size)


def guests(path, size=64 * MIB):
    path.write_bytes((CLEAR * (size // len(CLEAR) + 1))[:size])


def opens(path, *more):
    return cryptsetup("open", "--test-passphrase", "--key-file", "-", *more, path).returncode == 0


def change(path, edit, size=16384):
    """Changes LUKS2's metadata as a later or interrupted cryptsetup might have left it."""
    data = bytearray(path.read_bytes())
    for at in (0, size):
        head, area = data[at:at + 4096], data[at + 4096:at + size]
        meta = json.loads(area[:area.index(0)])
        edit(meta)
        area = json.dumps(meta).encode().ljust(size - 4096, b"\0")
        head[448:512] = bytes(64)
        head[448:480] = hashlib.sha256(head + area).digest()
        data[at:at + size] = head + area
    path.write_bytes(data)


def cut_short(*args, at):
    """cryptsetup, which may write no byte beyond `at`: it ends there as if power had been cut."""
    limit = ["prlimit", f"--fsize={at}", "cryptsetup", *map(str, args)]
    assert subprocess.run(limit, input=PASS, capture_output=True).returncode != 0


ATTACHED = "path = /srv/venue/desk.luks\n"
APART = ATTACHED + "header = /srv/venue/desk.hdr\n"


def encrypting(path):
    guests(path)
    done("reencrypt", "--encrypt", "--init-only", "--reduce-device-size", "32M", *FAST, path)
    return ATTACHED


def half_encrypted(path):
    guests(path)
    cut_short("reencrypt", "--encrypt", "--force-offline-reencrypt", "--hotzone-size", "1M",
              "--header", path.with_suffix(".hdr"), *FAST, path, at=40 * MIB)
    return APART


def decrypting(path):
    blank(path)
    done("luksFormat", *FAST, path)
    args = ["reencrypt", "--decrypt", "--force-offline-reencrypt", "--hotzone-size", "1M",
            "--header", path.with_suffix(".hdr"), "-q", "--key-file", "-", path]
    cut_short(*args, at=40 * MIB)
    with open(path, "r+b") as f:
        f.seek(20 * MIB)  # decrypted up to 33 MiB
        f.write(CLEAR * 1000)
    return APART


def null_cipher(path):
    guests(path)
    done("luksFormat", *FAST, path)
    with open(path, "r+b") as f:
        f.seek(20 * MIB)
        f.write(CLEAR * 1000)
    change(path, lambda m: m["segments"]["0"].update(encryption="cipher_null-ecb"))
    return ATTACHED


def partly(path):
    guests(path)
    done("luksFormat", *FAST, path)
    with open(path, "r+b") as f:
        f.seek(60 * MIB)
        f.write(CLEAR * 1000)
        f.seek(16 * MIB)
        f.write(os.urandom(16 * MIB))
    change(path, lambda m: m["segments"]["0"].update(size=str(16 * MIB)))
    return ATTACHED
