"""How old a message is at most, and whether some are held back. Times and uptimes in milliseconds."""

ANSWERED_WITHIN = HELD_AFTER = 10_000
ASK_AGAIN = 5_000
KEPT = 3_600_000
STOOD_STILL = -2_000
GROUPS = ("state", "staff", "ring")


class Freshness:
    def __init__(self, reads=("state",)):
        self.reads = reads
        self.nonce = self.asked = None  # the newest, and when
        self.epoch = self.offset = self.learnt = None
        self.newest = {}   # group: (epoch, seq) that came
        self.lacking = {}  # group: (epoch, seq) that a beat named first
        self.named = {}    # group: (epoch, seq) that a beat named last
        self.since = {}

    def wants(self, now, epoch):
        """Whether to send a ping now."""
        known = self.offset is not None and self.epoch == epoch and now - self.learnt < KEPT
        waits = self.asked is not None and now - self.asked < ASK_AGAIN
        return not known and not waits

    def ask(self, now, nonce):
        self.nonce, self.asked = nonce, now

    def beat(self, now, epoch, up, newest, echo=()):
        if self.asked is not None and self.nonce in echo:
            sent, self.asked = self.asked, None
            if now - sent <= ANSWERED_WITHIN:
                self.learn(now, epoch, sent - up)
        for group, seq in zip(GROUPS, newest):
            if group in self.reads and seq:
                self.name(now, group, (epoch, seq))

    def learn(self, now, epoch, offset):
        worse = self.offset is not None and epoch == self.epoch and offset <= self.offset
        if worse and now - self.learnt < KEPT:
            return
        self.epoch, self.offset, self.learnt = epoch, offset, now

    def age(self, now, epoch, up):
        """At most so old, or None: not known."""
        if self.offset is None or epoch != self.epoch:
            return None
        age = now - up - self.offset
        if age < STOOD_STILL:
            self.offset = self.asked = None
            return None
        return max(age, 0)

    def name(self, now, group, what):
        if what <= self.newest.get(group, (-1, -1)):
            return
        self.named[group] = max(what, self.named.get(group, what))
        if group not in self.lacking:
            self.lacking[group], self.since[group] = what, now

    def got(self, now, group, epoch, seq):
        if group not in self.reads:
            return
        self.newest[group] = max((epoch, seq), self.newest.get(group, (-1, -1)))
        if group not in self.lacking or self.newest[group] < self.lacking[group]:
            return
        del self.lacking[group]
        if self.named[group] > self.newest[group]:
            self.lacking[group], self.since[group] = self.named[group], now

    def linked(self, now):
        for group in self.lacking:
            self.since[group] = now

    def lacks(self, group, epoch):
        return group in self.lacking or self.newest.get(group, (-1, -1))[0] < epoch

    def held(self, now):
        return any(now - self.since[group] >= HELD_AFTER for group in self.lacking)
