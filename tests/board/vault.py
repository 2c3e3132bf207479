"""A venue's data to wipe: a vault of each make, a key, sheets in the clear, and the plan over them.

Canaries are long random words. What is encrypted may be on the disk in any form; its canary must
never be found there. What is plain is found before a wipe and must not be found after it.
"""

import base64
import hashlib
import re
import secrets
import subprocess

from tests.board import disk

PLAN = """
[root venue]
path = /srv/venue

[unit book-mount]
unit = mnt-book.mount

[cell book-key]
cell = file:/srv/venue/cells/book

[cell private-key]
cell = file:/srv/venue/cells/private

[key door]
path = /srv/venue/door.key

[luks book]
path = /srv/venue/book.luks
mapping = porchlight-book

[fscrypt private]
path = /srv/venue/private

[tree sheets]
path = /srv/venue/sheets
"""
CREDENTIAL = """
[root credentials]
path = /etc/porchlight/credentials

[credential broker]
path = /etc/porchlight/credentials/broker-b0
"""
JOURNAL = """
[root log]
path = /var/log

[journal journal]
path = /var/log/journal
"""
BULK = """
[tree bulk]
path = /srv/venue/bulk
"""

# What the plan does not name, beside what it names: nothing of it may change.
BYSTANDERS = ["/srv/venue/menu", "/srv/garden/plants", "/etc/porchlight/vaults/book"]

# Whether a wipe is through, and nothing is left to be done or to be proved.
WIPED = "porchlight wipe --status | grep -qE 'worst result: (destroyed|already gone)'"

USE = {"book": b"porchlight vault 1 luks", "private": b"porchlight vault 1 fscrypt"}


def canary():
    return b"canary-" + secrets.token_hex(20).encode()


class Vault:
    """What was put where; `names()` is what nobody may find any more after the wipe."""

    def __init__(self, board):
        self.board = board
        self.plain, self.sealed, self.encrypted, self.key = canary(), canary(), canary(), canary()
        self.logged = canary()
        self.cells, self.derived, self.volume = {}, {}, b""

    def make(self, bulk_mb=0):
        """Makes and opens it all, as a venue in the middle of its evening."""
        self.board.run(f"""set -e
            mkdir -p /srv/venue/cells /srv/venue/sheets /srv/venue/bulk /srv/garden /mnt
            chmod 0700 /srv/venue/cells
            cd /srv/venue
            printf %s {self.key.decode()} > door.key
            for n in 1 2 3 4 5 6 7 8; do
                printf 'guest %s %s\\n' $n {self.plain.decode()} > sheets/$n
            done
            echo soup > menu
            echo roses > ../garden/plants
            porchlight vault create book --make luks --path /srv/venue/book.luks --size 16 \\
                --mount /mnt/book --cell file:/srv/venue/cells/book --i-know-this-survives
            porchlight vault create private --make fscrypt --path /srv/venue/private \\
                --cell file:/srv/venue/cells/private --i-know-this-survives
            porchlight vault open book
            printf %s {self.sealed.decode()} > /mnt/book/sheet
            printf %s {self.encrypted.decode()} > private/sheet
            test {bulk_mb} = 0 || for n in $(seq {bulk_mb}); do
                head -c 1M /dev/urandom > bulk/$n
            done
            sync
            echo 3 > /proc/sys/vm/drop_caches
            """, timeout=300)
        for name in USE:
            self._learn(name)

    def log(self):
        """journald writes to the disk from here on, and names a guest there."""
        self.board.run(f"""set -e
            mkdir -p /var/log/journal /etc/systemd/journald.conf.d
            printf '[Journal]\\nStorage=persistent\\n' > /etc/systemd/journald.conf.d/zz-disk.conf
            systemctl restart systemd-journald
            journalctl --flush
            for n in 1 2 3 4 5 6 7 8; do echo guest $n {self.logged.decode()} | systemd-cat; done
            journalctl --sync
            ls /var/log/journal/*/system.journal
            journalctl -q --directory=/var/log/journal --grep {self.logged.decode()}
            """)

    def _learn(self, name):
        """The cell's key, and the data key made of it and the vault's salt."""
        held, kept = self.board.run(f"base64 -w0 /srv/venue/cells/{name}; echo; "
                                    f"cat /etc/porchlight/vaults/{name}").split("\n", 1)
        self._derive(name, base64.b64decode(held), kept)

    def _derive(self, name, held, kept):
        assert held[:4] == b"PLc1" and len(held) == 40, held
        salt = bytes.fromhex(re.search(r"salt = (\w+)", kept)[1])
        self.cells[name] = held[4:36]
        self.derived[name] = hashlib.blake2b(salt + USE[name], key=self.cells[name]).digest()

    def learn_volume_key(self, image, folder):
        """The key that encrypts the container's blocks, out of a copy of it; the machine is off."""
        container = f"{folder}/book.luks"
        with open(container, "wb") as f:
            f.write(disk.get(image, "/srv/venue/book.luks"))
        subprocess.run(["cryptsetup", "luksDump", "-q", "--dump-volume-key", "--volume-key-file",
                        f"{container}.key", "--key-file", "-", container], check=True,
                       input=self.derived["book"], capture_output=True)
        with open(f"{container}.key", "rb") as f:
            self.volume = f.read()
        assert len(self.volume) == 64

    def names(self):
        """What to look for on a disk: {name: bytes}."""
        return {"plain": self.plain, "sealed": self.sealed, "encrypted": self.encrypted,
                "key": self.key, "logged": self.logged, **{f"cell {n}": k for n, k in self.cells.items()},
                **{f"derived {n}": k for n, k in self.derived.items()}}

    def assert_opens(self):
        said = self.board.run("cd /srv/venue; cat sheets/1 /mnt/book/sheet private/sheet door.key")
        for word in (self.plain, self.sealed, self.encrypted, self.key):
            assert word.decode() in said
        assert self._header_opens()

    def _header_opens(self):
        """With the data key itself, which nobody has: the container's header alone is asked."""
        key = base64.b64encode(self.derived["book"]).decode()
        return self.board.call(f"printf %s {key} | base64 -d | cryptsetup open --test-passphrase "
                               "--key-file - /srv/venue/book.luks")[0] == 0

    def assert_gone(self):
        """Nothing opens any more, the container not even with its data key."""
        said = self.board.call("""cd /srv/venue
            ls -d door.key sheets bulk/* 2>/dev/null
            cat private/* /mnt/book/sheet 2>/dev/null
            ls /dev/mapper/porchlight-* 2>/dev/null
            porchlight vault open book 2>/dev/null && echo THE BOOK OPENS
            porchlight vault open private 2>/dev/null && echo PRIVATE OPENS
            true""")[1]
        assert said.strip() == "", said
        assert not self._header_opens(), "the container opens with its data key"
