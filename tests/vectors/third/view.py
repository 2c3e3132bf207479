"""What a phone believes and shows of one kiosk. Times in milliseconds of the phone's own clock."""

from dataclasses import dataclass

from tests.vectors.third import root_word
from tests.vectors.third.freshness import Freshness

ALIVE, BELIEVED, ENDED_SHOWN, LATE_AGAIN = 15_000, 150_000, 900_000, 3_600_000
SHOWN = 5  # alerts that are remembered
RANK = {"quiet": 0, "caution": 1, "lockdown": 2}
LIFE, PRESSES, NOTICES = {"beat", "online"}, {"code", "duress", "nothing"}, {"door", "fault", "drill-report"}
FOR_MEMBERS = {"state", "lockdown", "caution", "all-clear"}
WORST = ("quiet", "all-clear", "drill", "unknown", "lost", "caution", "unconfirmed", "lockdown")


def worst(shown):
    living = [one for one in shown if one != "retired"]
    if not living:
        return "retired" if shown else "unknown"
    return max(living, key=WORST.index)


def within(since, span, now):
    return since is not None and now - since < span


def later(known, sent):
    return sent if known is None else max(known, sent)


@dataclass
class Alert:
    level: str
    id: str
    first: tuple  # (epoch, seq) of its first message
    drill: bool
    unconfirmed: bool = False


@dataclass
class Kept:
    """A state whose age nothing has shown yet."""
    arrived: int
    epoch: int
    up: int


class View:
    def __init__(self, staff=False, plain=False, now=0):
        self.staff, self.plain = staff, plain
        self.fresh = Freshness(("state", "staff") if staff else ("state",))
        self.link, self.link_since = True, now
        self.retired, self.word, self.rooted_end = False, root_word.Word(), False
        self.epoch = self.connection = 0
        self.last = {}         # of this epoch, by group: the last seq; "life" has every message's
        self.life = None       # when the newest sign of life was sent,
        self.arrived = None    # and when the last came, old or not
        self.doubted = None    # since when none of them is dated
        self.behind = False    # after a silence or what was held back, until the state that beats name has come
        self.believed = None   # when the newest state was sent
        self.pending = None
        self.alert = None
        self.shown = []        # the last alerts' ids, newest first
        self.ended = None
        self.proof = None
        self.late_id = self.late_since = self.called = None  # late: the last that came so, when; called: for one
        self.press = None      # what was pressed last: (kind, id, at),
        self.first = None      # its first message's (epoch, seq)
        self.over = False      # whether a proof or the root's word covers it,
        self.lifted = False    # and whether "nothing" was said since
        self.forced = None     # a duress: (id, (epoch, seq))
        self.help = (None, 0)  # how many needed help by the last counts, of which alert

    # What is shown

    def silent(self, now):
        return not self.link or not within(self.life, ALIVE, now)

    def stale(self, now):
        return not within(self.believed, BELIEVED, now)

    def undated(self, now):
        return self.comes(now) and within(self.doubted, ALIVE, now)

    def delayed(self, now):
        return self.comes(now) and not self.undated(now)

    def comes(self, now):
        return self.link and self.silent(now) and within(self.arrived, ALIVE, now)

    def held(self, now):
        return self.link and self.fresh.held(now)

    def late(self, now):
        return within(self.late_since, ENDED_SHOWN, now)

    def duress(self):
        return self.forced is not None

    def rooted(self, now):
        """All-clear is shown, and it was the root's word that said so."""
        return self.rooted_end and self.show(now) == "all-clear"

    def code(self):
        pressed = self.press is not None and not self.over and not self.lifted
        return pressed and self.press[0] == "code" and not self.duress()

    def real(self):
        return self.alert is not None and not self.alert.drill

    def show(self, now):
        if self.retired:
            return "retired"
        if self.real():
            return "unconfirmed" if self.alert.unconfirmed else self.alert.level
        if not self.link:
            return "unknown"
        if self.silent(now):
            return "unknown" if self.life is None and now - self.link_since < ALIVE else "lost"
        if self.held(now):
            return "lost"
        if self.stale(now) or self.behind or self.late(now):
            return "unknown"
        if self.alert:
            return "drill"
        return "all-clear" if within(self.ended, ENDED_SHOWN, now) else "quiet"

    # What comes

    def root(self, now, word, retires):
        """A root word was read; `retires`: it names this kiosk's key. The verdict."""
        joined = root_word.joined(self.word, word)
        if joined == self.word and (not retires or self.retired):
            return "accepted"
        self.word, self.retired = joined, self.retired or retires
        self.late_known(joined.ended and joined.ended[0])
        if self.forced and self.root_ends(*self.forced):
            self.forced = None
        if self.press and self.root_ends(self.press[1], self.first):
            self.over = True
        if not self.alert or not self.root_ends(self.alert.id, self.alert.first):
            return "accepted"
        self.rooted_end = not self.alert.drill
        self.ended = None if self.alert.drill else now
        self.alert = None
        return "told"

    def root_ends(self, ident, first):
        return self.word.ended is not None and covers(self.word.ended, ident, first)

    def is_rooted(self, ident, at, age):
        """What is fresh and of another alert began after the root's word, whatever its order says."""
        fresh = age is not None and age < ALIVE
        return self.word.ended is not None and (ident == self.word.ended[0] or
                                                not fresh and self.root_ends(ident, at))

    def set_link(self, now, up):
        if up != self.link:
            self.link_since, self.life, self.arrived, self.doubted = now, None, None, None
            self.fresh.linked(now)
        self.link = up

    def receive(self, now, said, retained=False, age=None, proof=None):
        """The verdict. `said` is the text's object; `age` in ms, None: its `up` has to show it."""
        kind, at = said["kind"], (said.get("epoch", 0), said.get("seq", 0))
        if self.retired:
            return "disowned"
        if kind not in LIFE | PRESSES | NOTICES | FOR_MEMBERS | {"lost", "counts"} or (kind == "online" and retained):
            return "accepted"
        if kind in PRESSES | NOTICES | {"counts"} and not self.staff:
            return "accepted"
        held = self.fresh.held(now)
        if kind == "beat":
            self.on_beat(now, said)
        elif kind not in LIFE:
            self.fresh.got(now, "state" if kind in FOR_MEMBERS else "staff", *at)
        self.catch_up(held)
        if age is None and "up" in said:
            age = self.fresh.age(now, at[0], said["up"])
        order = self.in_order(kind, at, said.get("connection", 0))
        if order == "old":
            return self.out_of_order(now, said, at, age)
        if order:
            return order
        if kind == "lost":
            return "accepted"
        if not retained:
            self.sign_of_life(now, age)
        if kind in LIFE:
            return "accepted"
        if kind in FOR_MEMBERS:
            self.date(now, said, at, age)
        if begins(said) and self.is_rooted(said.get("id"), at, age):
            return "accepted"
        proof = proof if proof and proof[1:] < at else None
        self.late_known(proof and proof[0])
        if proof and (not self.proof or proof[1:] > self.proof[1:]):
            self.proof = proof
        if self.forced and covers(proof, *self.forced):
            self.forced, self.over = None, self.over or self.press[0] == "duress"
        if kind == "counts":
            return self.on_counts(said)
        return self.on_press(said, at) if kind in PRESSES else "told" if kind in NOTICES \
            else self.on_state(now, said, at, proof)

    def in_order(self, kind, at, connection):
        """None: it is new, and now the last of its group."""
        epoch, seq = at
        if epoch < self.epoch:
            return "old"
        if epoch > self.epoch:
            self.epoch, self.connection, self.last = epoch, 0, {}
        if kind in ("online", "lost"):
            if connection < self.connection:
                return "old"
            self.connection = connection
        if kind == "lost":
            return None
        group = ("counts" if kind == "counts" else "notice" if kind in NOTICES else "press" if kind in PRESSES
                 else "state" if kind in FOR_MEMBERS else "life")
        last = self.last.get(group, -1)
        if seq <= last:
            return "repeated" if seq == last else "old"
        self.last[group] = seq
        self.last["life"] = max(seq, self.last.get("life", -1))
        return None

    def catch_up(self, interrupted):
        self.behind = (self.behind or interrupted) and self.fresh.lacks("state", self.epoch)

    def sign_of_life(self, now, age):
        if age is not None:
            self.catch_up(not within(self.life, ALIVE, now))
            self.doubted, self.life = None, later(self.life, now - age)
        elif self.doubted is None or not within(self.arrived, ALIVE, now):
            self.doubted = now
        self.arrived = now

    def on_beat(self, now, said):
        self.fresh.beat(now, said["epoch"], said.get("up", 0),
                        [said.get(group, 0) for group in ("state", "staff", "ring")], said.get("echo", ()))
        if self.pending:
            age = self.fresh.age(now, self.pending.epoch, self.pending.up)
            if age is not None:
                self.pending, self.believed = None, later(self.believed, now - age)

    def date(self, now, said, at, age):
        self.pending = Kept(now, at[0], said["up"]) if age is None and "up" in said else None
        if age is not None:
            self.believed = later(self.believed, now - age)

    def late_known(self, ident):
        """This alarm counts, or has ended: nothing is late any more if it was."""
        if ident is not None and ident == self.late_id:
            self.late_id = self.late_since = None

    def on_press(self, said, at):
        press = (said["kind"], said.get("id"), said.get("at"))
        again = press == self.press
        self.lifted = press[0] == "nothing"
        if self.lifted or again and self.over:
            return "accepted"
        if press[0] == "duress" and not (again and self.forced):
            self.forced = (press[1], at)
        if not again:
            self.press, self.first, self.over = press, at, False
        return "accepted" if again else "told"

    def on_counts(self, said):
        before = self.help[1] if self.help[0] == said.get("id") else 0
        self.help = (said.get("id"), said.get("help", 0))
        return "told" if self.help[1] > before else "accepted"

    def on_state(self, now, said, at, proof):
        if said["kind"] == "all-clear":
            return self.on_all_clear(now, said, at, proof)
        level = said["state"] if said["kind"] == "state" else said["kind"]
        verdict = self.set(now, said, at, level, proof)
        return "accepted" if verdict == "repeated" and said["kind"] == "state" else verdict

    def on_unconfirmed(self, said, at):
        ident = said.get("id")
        if self.real():
            before, self.alert.unconfirmed = self.alert.unconfirmed, True
            return "accepted" if before else "told"
        if self.shown[:1] == [ident] or (self.proof and self.proof[0] == ident):
            return "accepted"
        self.late_known(ident)
        self.alert, self.ended = Alert("caution", ident, at, False, True), None
        self.remember(ident)
        return "told"

    def remember(self, ident):
        if self.shown[:1] != [ident]:
            self.shown = [ident, *self.shown][:SHOWN]

    def on_all_clear(self, now, said, at, proof):
        if said.get("detail") == "unconfirmed":
            return self.on_unconfirmed(said, at)
        if said.get("drill") and not (self.alert and self.alert.drill):
            return "accepted"
        return self.set(now, said, at, "quiet", proof)

    def set(self, now, said, at, level, proof):
        """The kiosk's state is this level. Less than a lockdown needs a proof that it ended."""
        alert, drill = self.alert, bool(said.get("drill"))
        less = level != "lockdown" or drill
        if (self.real() and alert.level == "lockdown" and less and not self.plain
                and not covers(proof, alert.id, alert.first)):
            alert.unconfirmed = True
            return "unproved"
        if level == "quiet":
            self.alert = None
            if alert:
                self.ended, self.rooted_end = now if not alert.drill else self.ended, False
            return "told" if alert else "accepted"
        same = alert and (alert.level, alert.id, alert.drill) == (level, said.get("id"), drill)
        unconfirmed = bool(said.get("unconfirmed"))
        if same and alert.unconfirmed == unconfirmed:
            return "repeated"
        self.late_known(said.get("id"))
        self.alert = Alert(level, said.get("id"), alert.first if same else at, drill, unconfirmed)
        self.remember(said.get("id"))
        self.ended = None
        return "told"

    def out_of_order(self, now, said, at, age):
        level = said["state"] if said["kind"] == "state" else said["kind"]
        active = RANK[self.alert.level] if self.real() else 0
        if (RANK.get(level, 0) <= active or said.get("drill") or said.get("id") in self.shown
                or covers(self.proof, said.get("id"), at) or self.is_rooted(said.get("id"), at, age)):
            return "old"
        if age is not None and age < ALIVE:
            self.believed = later(self.believed, now - age)
            return self.set(now, said, at, level, None)
        known, self.late_id, self.late_since = self.late_id, said.get("id"), now
        if said.get("id") == known or within(self.called, LATE_AGAIN, now):
            return "old"
        self.called = now
        return "late"


def begins(said):
    """Whether it says that something is active, or was pressed."""
    return said["kind"] in ("lockdown", "caution", "code", "duress") or (
        said["kind"] == "state" and said["state"] != "quiet") or (
            said["kind"] == "all-clear" and said.get("detail") == "unconfirmed")


def covers(proof, ident, first):
    """Whether the proof (id, epoch, seq) ends what began so."""
    return proof is not None and (proof[0] == ident or proof[1:] >= first)
