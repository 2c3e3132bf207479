"""Something to wipe: a plan over one folder of every kind that the guest's own kernel can make.

Canaries are long random words. What is encrypted may lie on the disk as it likes; its canary must
never be found there. What is plain is found before a wipe and must not be found after it.
"""

import secrets

PLAN = """
[root venue]
path = /srv/venue

[key private-key]
path = /srv/venue/keys/private.key

[luks book]
path = /srv/venue/book.luks
mapping = book

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
BULK = """
[tree bulk]
path = /srv/venue/bulk
"""


def canary():
    return b"canary-" + secrets.token_hex(20).encode()


class Vault:
    def __init__(self, board):
        self.board = board
        self.plain, self.sealed, self.encrypted, self.key = canary(), canary(), canary(), canary()

    def make(self, bulk_mb=0):
        """Makes and opens it all, as a venue in the middle of its evening."""
        self.board.run(f"""set -e
            modprobe dm_crypt; modprobe loop
            mkdir -p /srv/venue/keys /srv/venue/sheets /srv/venue/private /mnt/book /srv/venue/bulk
            cd /srv/venue
            printf %s {self.key.decode()} > keys/private.key
            for n in 1 2 3 4 5 6 7 8; do printf 'guest %s %s\\n' $n {self.plain.decode()} > sheets/$n; done
            head -c 64 /dev/urandom > /run/book.key
            truncate -s 24M book.luks
            cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \\
                book.luks /run/book.key
            cryptsetup open --key-file /run/book.key book.luks book
            mke2fs -q /dev/mapper/book
            mount /dev/mapper/book /mnt/book
            printf %s {self.sealed.decode()} > /mnt/book/sheet
            test {bulk_mb} = 0 || for n in $(seq {bulk_mb}); do
                head -c 1M /dev/urandom > bulk/$n; done
            """, timeout=300)
        self.board.run(f"""set -e
            printf '{{"source":"raw_key","hash_costs":{{"time":"1","memory":"8","parallelism":"1","truncation_fixed":true}},"options":{{"padding":"32","contents":"AES_256_XTS","filenames":"AES_256_CTS","policy_version":"2"}},"use_fs_keyring_for_v1_policies":false,"allow_cross_user_metadata":false}}' > /etc/fscrypt.conf
            mkdir -p /.fscrypt/policies /.fscrypt/protectors; chmod 0755 /.fscrypt; chmod 0755 /.fscrypt/*
            head -c 32 /srv/venue/keys/private.key > /run/private.key
            fscrypt encrypt /srv/venue/private --quiet --source=raw_key --key=/run/private.key --name=private --no-recovery
            printf %s {self.encrypted.decode()} > /srv/venue/private/sheet
            sync; echo 3 > /proc/sys/vm/drop_caches
            grep -q canary /srv/venue/private/sheet
            """, timeout=300)
        self.book_key = self.board.run("base64 -w0 /run/book.key")

    def assert_opens(self):
        said = self.board.run("cd /srv/venue; cat sheets/1 /mnt/book/sheet private/sheet keys/*; "
                              "cryptsetup open --test-passphrase --key-file /run/book.key book.luks")
        for word in (self.plain, self.sealed, self.encrypted, self.key):
            assert word.decode() in said

    def assert_gone(self):
        """Nothing opens any more, not even with the keys that the venue still has elsewhere."""
        said = self.board.call(f"""cd /srv/venue
            ls keys/* sheets 2>/dev/null
            cat private/* /mnt/book/sheet 2>/dev/null
            printf %s {self.book_key} | base64 -d > /run/book.key
            cryptsetup open --test-passphrase --key-file /run/book.key book.luks 2>/dev/null && echo OPENS
            true""")[1]
        assert said.strip() == "", said
