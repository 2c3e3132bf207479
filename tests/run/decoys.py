"""Decoys for the wipe: a sign-in sheet sealed under a key file, and a folder of photographs that
are none. Whether they still open is tried, not asked."""

import secrets

from tests.kit import process

PLAN = """[root venue]
path = /srv/venue

[key sheet]
path = /srv/venue/sheet.key

[tree photographs]
path = /srv/venue/photographs
"""

SHEET = "".join(f"2026-11-22 19:{m:02} decoy guest {m}\n" for m in range(40))


class Decoys:
    def __init__(self, prefix):
        self.folder = prefix / "srv/venue"
        self.key = self.folder / "sheet.key"
        self.sheet = self.folder / "sheet.sealed"
        self.photographs = self.folder / "photographs"
        self.photographs.mkdir(parents=True)
        self.key.write_text(secrets.token_hex(32) + "\n")
        self.key.chmod(0o600)
        done = process.run(["openssl", "enc", "-aes-256-ctr", "-pbkdf2", "-pass",
                            f"file:{self.key}", "-out", self.sheet], stdin=None, input=SHEET)
        if done.returncode != 0:
            raise RuntimeError(f"openssl enc: {done.stderr}")
        for i in range(6):
            (self.photographs / f"evening-{i}.jpg").write_bytes(secrets.token_bytes(20_000))

    def opens(self):
        """What can still be had: "sheet", "photographs"."""
        out = []
        done = process.run(["openssl", "enc", "-d", "-aes-256-ctr", "-pbkdf2", "-pass",
                            f"file:{self.key}", "-in", self.sheet])
        if done.returncode == 0 and done.stdout == SHEET:
            out.append("sheet")
        if self.photographs.exists() and any(self.photographs.iterdir()):
            out.append("photographs")
        return out

    def there(self):
        """The same, cheaply: whether a key or a photograph is still there."""
        return self.key.exists() or self.photographs.exists()
