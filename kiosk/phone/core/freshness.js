// Whether what a kiosk sends comes late, or is held back: the same as kiosk/core/freshness.{h,c}, where
// the rules are explained; tests/vectors/freshness.json holds both. Pure. Times are ms of the page's
// steady clock, uptimes ms since porchlightd's start; NEVER means that it has not happened.

export const NEVER = Infinity;
export const LATE = 15000;
const ROUND_TRIP = 10000;
const HELD_AFTER = 10000;
const ANCHOR_LASTS = 3600000;
const ASK_EVERY = 5000;
const STOOD_STILL = -2000; // an age below this: the page's clock did not run

const before = (a, b) => a.epoch < b.epoch || (a.epoch === b.epoch && a.seq < b.seq);

// `reads`: of the groups 'state', 'staff' and 'ring' those that this phone subscribes to.
export function freshnessInit(reads) {
    const none = { epoch: 0, seq: 0 };
    return { waits: Object.fromEntries(reads.map((group) => [group,
        { got: none, named: none, lacking: none, since: NEVER }])),
    nonce: null, asked: NEVER, anchor: null };
}

const eachWait = (f, change) => ({ ...f, waits: Object.fromEntries(
    Object.entries(f.waits).map(([group, w]) => [group, change(w, group)])) });

// The page is connected again: what is lacking gets its time once more.
export function freshnessLinked(f, now) {
    return eachWait(f, (w) => (w.since === NEVER ? w : { ...w, since: now }));
}

// The page's steady clock did not run, as in a phone's sleep: ages are not known.
export function freshnessForget(f) {
    return { ...f, anchor: null, nonce: null, asked: NEVER };
}

export function freshnessWants(f, epoch, now) {
    const known = f.anchor !== null && f.anchor.epoch === epoch && now - f.anchor.at < ANCHOR_LASTS;
    return !known && (f.asked === NEVER || now - f.asked >= ASK_EVERY);
}

export function freshnessAsk(f, nonce, now) {
    return { ...f, nonce, asked: now };
}

function anchored(f, b, now) {
    if (f.asked === NEVER || !b.echo.includes(f.nonce)) {
        return f;
    }
    const once = { ...f, nonce: null, asked: NEVER };
    const started = f.asked - b.up;
    const a = f.anchor;
    const better = a === null || a.epoch !== b.epoch || now - a.at >= ANCHOR_LASTS ||
        started > a.started;
    return now - f.asked > ROUND_TRIP || !better ? once :
        { ...once, anchor: { epoch: b.epoch, started, at: now } };
}

// [age, f]: how old a message is at most that carries this uptime, in ms; -1: not known.
export function freshnessAge(f, epoch, up, now) {
    if (f.anchor === null || f.anchor.epoch !== epoch) {
        return [-1, f];
    }
    const age = now - f.anchor.started - up;
    return age < STOOD_STILL ? [-1, freshnessForget(f)] : [Math.max(0, age), f];
}

function judge(w, now) {
    if (w.since !== NEVER && before(w.got, w.lacking)) {
        return w;
    }
    return { ...w, since: before(w.got, w.named) ? now : NEVER, lacking: w.named };
}

// A beat that the kiosk signed: {epoch, up, echo, newest: {state, staff, ring}}.
export function freshnessBeat(f, b, now) {
    return eachWait(anchored(f, b, now), (w, group) => {
        const named = { epoch: b.epoch, seq: b.newest[group] };
        const news = named.seq > 0 && before(w.named, named);
        return judge(news ? { ...w, named } : w, now);
    });
}

// A message of a group has come.
export function freshnessGot(f, group, epoch, seq, now) {
    const w = f.waits[group];
    if (w === undefined) {
        return f;
    }
    const got = { epoch, seq };
    return { ...f, waits: { ...f.waits, [group]: judge(before(w.got, got) ? { ...w, got } : w, now) } };
}

// Whether a message of this group was named and has not come, or none came of `epoch`.
export function freshnessLacks(f, group, epoch) {
    const w = f.waits[group];
    return w.since !== NEVER || w.got.epoch < epoch;
}

export function freshnessHeld(f, now) {
    return Object.values(f.waits).some((w) => w.since !== NEVER && now - w.since >= HELD_AFTER);
}
