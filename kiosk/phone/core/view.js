// What this phone believes of one kiosk, and shows. Pure; the same as kiosk/core/view.{h,c}, where
// the rules are explained: both are held to tests/vectors/view.json. Any unit of time will do, so
// long as the rules are in it too; NEVER means that it has not happened.

export const NEVER = Infinity;

// In milliseconds; view.h gives the reasons.
export const RULES = { lostAfter: 15000, staleAfter: 150000, allClearLasts: 900000 };

// A greater index is worse.
const SHOWS = ['quiet', 'all-clear', 'drill', 'retired', 'unknown', 'lost', 'caution',
    'unconfirmed', 'lockdown'];
const OF_STATE = ['lockdown', 'caution', 'all-clear', 'state'];
const NOTICES = ['door', 'fault', 'drill-report'];
const AT_DOOR = ['code', 'duress', 'nothing'];
const TELLING = [...OF_STATE, ...NOTICES, ...AT_DOOR];

export function viewInit() {
    return {
        retired: false,
        epoch: 0,
        toldNext: 0,
        liveNext: 0,
        noticeNext: 0,
        doorNext: 0,
        connection: 0,
        state: 'quiet',
        drill: false,
        unconfirmed: false,
        duress: false,
        press: { kind: 'nothing', id: null, at: null }, // what was pressed at the door last
        alert: null, // {id, epoch, seq} of the active alert, from its first message on
        dangered: null,
        linked: false,
        linkedAt: NEVER,
        lifeAt: NEVER,
        stateAt: NEVER,
        clearAt: NEVER,
    };
}

// What outlives the page: the marks, and a lockdown or duress that nobody has proved over. No other
// state.
export function viewKeep(v) {
    const active = lockdownStands(v) ? { alert: v.alert } : {};
    const forced = v.duress ? { dangered: v.dangered, press: v.press } : {};
    return { retired: v.retired, epoch: v.epoch, toldNext: v.toldNext, liveNext: v.liveNext,
        noticeNext: v.noticeNext, doorNext: v.doorNext, connection: v.connection, ...active,
        ...forced };
}

// The page was opened again: the last message may arrive once more, so that a retained state is
// read.
export function viewFrom(kept) {
    const v = { ...viewInit(), ...kept };
    return { ...v, toldNext: Math.max(0, v.toldNext - 1), doorNext: Math.max(0, v.doorNext - 1),
        state: v.alert ? 'lockdown' : 'quiet', duress: v.dangered !== null };
}

export function viewLink(v, linked, now) {
    return v.linked === linked ? v : { ...v, linked, linkedAt: now, lifeAt: NEVER };
}

function markOf(kind) {
    return NOTICES.includes(kind) ? 'noticeNext' : AT_DOOR.includes(kind) ? 'doorNext' :
        OF_STATE.includes(kind) ? 'toldNext' : 'liveNext';
}

// Judges epoch and seq and moves the marks: [verdict, v].
function passMarks(v, m) {
    if (m.epoch < v.epoch) {
        return ['old', v];
    }
    const next = m.epoch > v.epoch ?
        { ...v, epoch: m.epoch, toldNext: 0, liveNext: 0, noticeNext: 0, doorNext: 0,
            connection: 0 } : { ...v };
    if (m.kind === 'online' || m.kind === 'lost') {
        if (m.connection < next.connection) {
            return ['old', next];
        }
        next.connection = m.connection;
    }
    if (m.kind === 'lost') {
        return ['heard', next];
    }
    const mark = markOf(m.kind);
    if (m.seq < next[mark]) {
        return [m.seq + 1 === next[mark] ? 'repeated' : 'old', next];
    }
    next[mark] = m.seq + 1;
    next.liveNext = Math.max(next.liveNext, m.seq + 1);
    return ['heard', next];
}

const lockdownStands = (v) => v.state === 'lockdown' && !v.drill;

function covers(proved, latch, m) {
    if (proved !== null && (proved.epoch > m.epoch ||
        (proved.epoch === m.epoch && proved.seq >= m.seq))) {
        return false; // nobody can have looked at a state that this message is older than
    }
    return proved !== null && latch !== null && (proved.id === latch.id ||
        proved.epoch > latch.epoch || (proved.epoch === latch.epoch && proved.seq >= latch.seq));
}

const latch = (m) => ({ id: m.id, epoch: m.epoch, seq: m.seq });

function begin(v, m, state, unconfirmed) {
    const same = v.state === state && v.drill === m.drill && v.alert?.id === m.id;
    const news = !same || v.unconfirmed !== unconfirmed;
    return [news ? 'told' : 'repeated', { ...v, alert: same ? v.alert : latch(m), state,
        drill: m.drill, unconfirmed, clearAt: NEVER }];
}

function end(v, now) {
    if (v.state === 'quiet') {
        return ['heard', v];
    }
    return ['told', { ...v, clearAt: v.drill ? v.clearAt : now, state: 'quiet', drill: false,
        unconfirmed: false }];
}

// The kiosk says what its state is now. Anything less than an active lockdown needs staff's proof.
function stand(v, m, { proved, plain }, state, unconfirmed, now) {
    const less = state !== 'lockdown' || m.drill;
    if (lockdownStands(v) && less && !plain && !covers(proved, v.alert, m)) {
        return ['unproved', { ...v, unconfirmed: true }];
    }
    return state === 'quiet' ? end(v, now) : begin(v, m, state, unconfirmed);
}

function onAllClear(v, m, told, now) {
    if (m.detail === 'unconfirmed') {
        return v.state === 'quiet' || v.drill || v.unconfirmed ? ['heard', v] :
            ['told', { ...v, unconfirmed: true }];
    }
    return m.drill && !v.drill ? ['heard', v] : stand(v, m, told, 'quiet', false, now);
}

// Staff are told of each press once, however often the kiosk repeats it.
function onDoor(v, m, staff) {
    const { kind, id, at } = m;
    const news = kind !== 'nothing' &&
        (kind !== v.press.kind || id !== v.press.id || at !== v.press.at);
    const forced = kind === 'duress' && !v.duress ? { duress: true, dangered: latch(m) } : {};
    return [news && staff ? 'told' : 'heard', { ...v, ...forced, press: { kind, id, at } }];
}

function onState(v, m, told, now) {
    const [verdict, next] = stand(v, m, told, m.state, m.unconfirmed, now);
    return [verdict === 'repeated' ? 'heard' : verdict, next];
}

function onTelling(before, m, proved, { staff, plain }, now) {
    const told = { proved, plain };
    const v = before.duress && covers(proved, before.dangered, m) ?
        { ...before, duress: false, dangered: null } : before;
    switch (m.kind) {
    case 'lockdown':
    case 'caution':
        return stand(v, m, told, m.kind, false, now);
    case 'all-clear':
        return onAllClear(v, m, told, now);
    case 'code':
    case 'duress':
    case 'nothing':
        return onDoor(v, m, staff);
    case 'state':
        return onState(v, m, told, now);
    default:
        return [staff ? 'told' : 'heard', v];
    }
}

// Nobody can have looked at a state that this message is older than.
function notAhead(proved, m) {
    const ahead = proved !== null &&
        (proved.epoch > m.epoch || (proved.epoch === m.epoch && proved.seq >= m.seq));
    return ahead ? null : proved;
}

// A retained message is as old as its date says; without one it is at least no older than what it
// follows.
function dateState(v, word, now) {
    if (!word.retained) {
        return now;
    }
    const dated = word.wallAge >= 0 && (v.stateAt === NEVER || now - word.wallAge > v.stateAt);
    return dated ? now - word.wallAge : v.stateAt;
}

// The one transition: [verdict, v]. word: {message, retained, wallAge, proved}; wallAge: for a
// retained one the time from its `at` to now, -1 where unknown; proved: what readProof said.
// Verdicts: heard, told, repeated, old, unproved, disowned.
// rules: {staff, plain}; plain: a venue where nothing is signed, so nothing can be proved.
export function viewStep(v, word, rules, now) {
    const m = word.message;
    if (v.retired) {
        return ['disowned', v];
    }
    const noNews = m.kind === 'online' && word.retained; // sent at an unknown time
    if (noNews || (!TELLING.includes(m.kind) && !['online', 'lost', 'beat'].includes(m.kind))) {
        return ['heard', v];
    }
    const [verdict, next] = passMarks(v, m);
    if (verdict !== 'heard') {
        return [verdict, next];
    }
    if (!word.retained && m.kind !== 'lost') {
        next.lifeAt = now;
    }
    if (!TELLING.includes(m.kind)) {
        return ['heard', next];
    }
    if (OF_STATE.includes(m.kind)) {
        next.stateAt = dateState(next, word, now);
    }
    return onTelling(next, m, notAhead(word.proved, m), rules, now);
}

const within = (at, span, now) => at !== NEVER && now - at < span;

function showOf(v, rules, silent, stale, now) {
    if (v.retired) {
        return 'retired';
    }
    if (v.state !== 'quiet' && !v.drill) {
        return v.unconfirmed ? 'unconfirmed' : v.state;
    }
    if (!v.linked) {
        return 'unknown';
    }
    if (silent) {
        const listening = v.lifeAt === NEVER && within(v.linkedAt, rules.lostAfter, now);
        return listening ? 'unknown' : 'lost';
    }
    if (stale) {
        return 'unknown';
    }
    if (v.drill) {
        return 'drill';
    }
    return within(v.clearAt, rules.allClearLasts, now) ? 'all-clear' : 'quiet';
}

// {show, duress, code, drill, silent, stale}; `staff`: what was pressed at the door is shown.
export function viewLook(v, rules, { staff }, now) {
    const silent = !v.linked || !within(v.lifeAt, rules.lostAfter, now);
    const stale = !within(v.stateAt, rules.staleAfter, now);
    return { show: showOf(v, rules, silent, stale, now), duress: v.duress && staff,
        code: v.press.kind === 'code' && !v.duress && staff, drill: v.drill, silent, stale };
}

// What several kiosks show together: the worst; retired ones count only if all are.
export function viewWorst(shows) {
    const living = shows.filter((s) => s !== 'retired');
    if (living.length === 0) {
        return shows.length > 0 ? 'retired' : 'unknown';
    }
    return living.reduce((a, b) => (SHOWS.indexOf(b) > SHOWS.indexOf(a) ? b : a));
}
