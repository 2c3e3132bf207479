"""The host's own lines: what is to be done now."""

import re

from tests.vectors.third.texts import parse
from tests.vectors.third.wire import check

PIECES_MAX = 40
STATES, ROLES = ("lockdown", "caution"), ("way", "inside", "staff")
LINK = re.compile(r"tel:\+?[0-9().-]+|https://[^\s\"<>\\^`{|}]+")
KEYS = {"contact"} | {f"{state}-{role}" for state in STATES for role in ROLES}


def piece_read(text):
    """One piece as a dict with its lines below "lines"."""
    said = parse(text)
    check(said["kind"] == "words" and said["piece"] < said["pieces"] <= PIECES_MAX)
    lines = {k: v for k, v in said.items() if k in KEYS}
    check(all(isinstance(v, str) and v for v in lines.values()))
    check(not lines or said["language"] is not None)
    link = said["link"] if said["link"] and LINK.fullmatch(said["link"]) else None
    return {**said, "link": link, "lines": lines}


class Words:
    """The newest whole set, and what has come of a newer one."""

    def __init__(self):
        self.revision, self.link, self.languages = 0, None, {}
        self.coming, self.of = {}, (0, 0)

    def take(self, piece):
        """Whether the set in use is another now."""
        if piece["revision"] <= self.revision or piece["revision"] < self.of[0]:
            return False
        if (piece["revision"], piece["pieces"]) != self.of:
            self.coming, self.of = {}, (piece["revision"], piece["pieces"])
        self.coming[piece["piece"]] = piece
        if len(self.coming) < piece["pieces"]:
            return False
        self.revision, self.languages = piece["revision"], {}
        self.link = self.coming[0]["link"]
        for one in self.coming.values():
            if one["language"] is not None:
                self.languages.setdefault(one["language"], {}).update(one["lines"])
        self.coming = {}
        return True
