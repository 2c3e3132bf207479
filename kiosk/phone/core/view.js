// What this phone believes of one kiosk, and shows. Pure; the same as kiosk/core/view.{h,c}, where
// the rules are explained: both are held to tests/vectors/view.json. Any unit of time will do, so
// long as the rules are in it too; NEVER means that it has not happened.

import { freshnessAge, freshnessBeat, freshnessGot, freshnessHeld, freshnessInit, freshnessLacks,
    freshnessLinked, freshnessWants,     LATE, NEVER } from './freshness.js';
import { joinRootWords, NO_WORD, rootEnds } from './root_word.js';

export { NEVER };
const LATE_EVERY = 3600000; // ms: what is played again calls nobody more often
const PAST = 4; // alerts that were shown before the last one

const within = (at, span, now) => at !== NEVER && now - at < span;

// In milliseconds; view.h gives the reasons.
export const RULES = { lostAfter: 15000, staleAfter: 150000, allClearLasts: 900000 };

// A greater index is worse.
const SHOWS = ['quiet', 'all-clear', 'drill', 'retired', 'unknown', 'lost', 'caution',
    'unconfirmed', 'lockdown'];
const RISING = ['quiet', 'caution', 'lockdown'];
const OF_STATE = ['lockdown', 'caution', 'all-clear', 'state'];
const NOTICES = ['door', 'fault', 'drill-report'];
const AT_DOOR = ['code', 'duress', 'nothing'];
const TELLING = [...OF_STATE, ...NOTICES, ...AT_DOOR, 'counts'];

export function viewInit() {
    return {
        retired: false,
        root: NO_WORD, // all that the root said of this kiosk; nothing of it is taken back
        rooted: false, // the last alert was ended by it
        epoch: 0,
        toldNext: 0,
        liveNext: 0,
        noticeNext: 0,
        doorNext: 0,
        countsNext: 0,
        help: { id: null, n: 0 }, // of which alert staff were told that so many need help
        connection: 0,
        state: 'quiet',
        drill: false,
        unconfirmed: false,
        duress: false,
        // what was pressed at the door last, from its first message on; over: a proof or the root key covers it;
        // lifted: the kiosk has said "nothing" since
        press: { kind: 'nothing', id: null, at: null, epoch: 0, seq: 0, over: false, lifted: false },
        alert: null, // {id, epoch, seq} of the active alert, from its first message on
        past: [], // ids of alerts that were shown before it, newest first
        dangered: null,
        linked: false,
        linkedAt: NEVER,
        lifeAt: NEVER,
        stateAt: NEVER,
        clearAt: NEVER,
        fresh: freshnessInit(['state', 'staff']),
        behind: false, // after a silence, or once messages were held back, until the state that beats name has come
        receivedAt: NEVER,
        doubtedAt: NEVER, // since when signs of life come whose age is not known
        undated: null, // {epoch, up} of a state whose age is not known yet
        proved: { id: null, epoch: 0, seq: 0 }, // the newest that a proof covers
        late: null, // the id of the last alarm that was late, and has neither counted nor ended
        lateAt: NEVER, // when it came last
        calledAt: NEVER, // when a late alarm called last
    };
}

// What outlives the page: the marks, a lockdown or duress that nobody has proved over, a caution, and for how
// long an alarm that came late is shown. No other state.
export function viewKeep(v, now) {
    const active = lockdownStands(v) ? { alert: v.alert } :
        v.state === 'caution' && !v.drill ? { alert: v.alert, state: v.state } : {};
    const forced = { ...(v.duress && { dangered: v.dangered }), ...((v.duress || v.press.over) && { press: v.press }) };
    const ago = (at, span) => (within(at, span, now) ? now - at : null);
    const lateFor = ago(v.lateAt, RULES.allClearLasts);
    const calledFor = ago(v.calledAt, LATE_EVERY);
    const lately = lateFor === null && calledFor === null ? {} : { late: v.late, lateFor, calledFor };
    const root = v.root === NO_WORD ? {} : { root: v.root };
    return { retired: v.retired, epoch: v.epoch, toldNext: v.toldNext, liveNext: v.liveNext,
        noticeNext: v.noticeNext, doorNext: v.doorNext, countsNext: v.countsNext, connection: v.connection,
        proved: v.proved, ...active, ...forced, ...lately, ...root };
}

// The page was opened again: the last message may arrive once more, so that a retained state is
// read. How long ago an alarm came late and called goes on from there.
export function viewFrom(kept, now = 0) {
    const { lateFor = null, calledFor = null, ...known } = kept ?? {};
    const v = { ...viewInit(), ...known };
    const since = (ago) => (ago === null ? NEVER : now - ago);
    return { ...v, lateAt: since(lateFor), calledAt: since(calledFor),
        toldNext: Math.max(0, v.toldNext - 1), doorNext: Math.max(0, v.doorNext - 1),
        state: !v.alert ? 'quiet' : kept.state ?? 'lockdown', duress: v.dangered !== null };
}

export function viewLink(v, linked, now) {
    return v.linked === linked ? v : { ...v, linked, linkedAt: now, lifeAt: NEVER, receivedAt: NEVER,
        doubtedAt: NEVER, fresh: freshnessLinked(v.fresh, now) };
}

function markOf(kind) {
    return NOTICES.includes(kind) ? 'noticeNext' : AT_DOOR.includes(kind) ? 'doorNext' :
        kind === 'counts' ? 'countsNext' : OF_STATE.includes(kind) ? 'toldNext' : 'liveNext';
}

// What a history says of it: {quiet, caution, lockdown, unconfirmed, drill}.
export function viewKind(v) {
    return v.drill ? 'drill' : v.unconfirmed && v.state === 'lockdown' ? 'unconfirmed' : v.state;
}

// Judges epoch and seq and moves the marks: [verdict, v].
function passMarks(v, m) {
    if (m.epoch < v.epoch) {
        return ['old', v];
    }
    const next = m.epoch > v.epoch ?
        { ...v, epoch: m.epoch, toldNext: 0, liveNext: 0, noticeNext: 0, doorNext: 0,
            countsNext: 0, connection: 0 } : { ...v };
    if (m.kind === 'online' || m.kind === 'lost') {
        if (m.connection < next.connection) {
            return ['old', next];
        }
        next.connection = m.connection;
    }
    if (m.kind === 'lost') {
        return ['accepted', next];
    }
    const mark = markOf(m.kind);
    if (m.seq < next[mark]) {
        return [m.seq + 1 === next[mark] ? 'repeated' : 'old', next];
    }
    next[mark] = m.seq + 1;
    next.liveNext = Math.max(next.liveNext, m.seq + 1);
    return ['accepted', next];
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

// The alarm that was late counts now, or its end was seen.
const lateIsKnown = (v, id) => (v.late === id && id !== null ? { ...v, late: null, lateAt: NEVER } : v);

function begin(before, m, state, unconfirmed) {
    const v = lateIsKnown(before, m.id);
    const same = v.state === state && v.drill === m.drill && v.alert?.id === m.id;
    const news = !same || v.unconfirmed !== unconfirmed;
    const past = v.alert && v.alert.id !== m.id ? [v.alert.id, ...v.past].slice(0, PAST) : v.past;
    return [news ? 'told' : 'repeated', { ...v, past, alert: same ? v.alert : latch(m), state,
        drill: m.drill, unconfirmed, clearAt: NEVER }];
}

function end(v, now) {
    if (v.state === 'quiet') {
        return ['accepted', v];
    }
    return ['told', { ...v, clearAt: v.drill ? v.clearAt : now, state: 'quiet', drill: false,
        unconfirmed: false, rooted: false }];
}

// A message of the root key of this kiosk, whose key is `kioskPublic` (hex), arrived: [verdict, v]. Permanent.
// told: it ended what was shown.
export function viewRoot(before, word, kioskPublic, now) {
    const root = joinRootWords(before.root, word);
    if (root === before.root) {
        return ['accepted', before];
    }
    const ends = (latched) => latched !== null && rootEnds(root, latched);
    const v = { ...lateIsKnown(before, root.ended?.id ?? null), root, retired: root.retired === kioskPublic };
    if (ends(v.dangered)) {
        Object.assign(v, { duress: false, dangered: null });
    }
    if (ends(v.press)) {
        v.press = { ...v.press, over: true };
    }
    if (v.state === 'quiet' || !ends(v.alert)) {
        return ['accepted', v];
    }
    return ['told', { ...end(v, now)[1], rooted: !v.drill }];
}

const isFresh = (age) => age >= 0 && age < LATE;

// Whether the alert that this message is about is over by the root key's message. What is fresh and of
// another alert began later, whatever its order says.
const isRooted = ({ root }, m, age) => root.ended !== null &&
    (root.ended.id === m.id || (!isFresh(age) && rootEnds(root, m)));

// Says that something is active, or was pressed.
const isUnconfirmed = (m) => m.kind === 'all-clear' && m.detail === 'unconfirmed';

const begins = (m) => isUnconfirmed(m) || ['lockdown', 'caution', 'code', 'duress'].includes(m.kind) ||
    (m.kind === 'state' && m.state !== 'quiet');

// The kiosk says what its state is now. Anything less than an active lockdown needs staff's proof.
function stand(v, m, { proved, plain }, state, unconfirmed, now) {
    const less = state !== 'lockdown' || m.drill;
    if (lockdownStands(v) && less && !plain && !covers(proved, v.alert, m)) {
        return ['unproved', { ...v, unconfirmed: true }];
    }
    return state === 'quiet' ? end(v, now) : begin(v, m, state, unconfirmed);
}

// Who never received the alert before it learns that there is one. How bad it is, the state that follows says.
function onUnconfirmed(v, m) {
    if (v.state !== 'quiet' && !v.drill) {
        return v.unconfirmed ? ['accepted', v] : ['told', { ...v, unconfirmed: true }];
    }
    const over = v.alert?.id === m.id || v.proved?.id === m.id;
    return over ? ['accepted', v] : begin(v, m, 'caution', true);
}

function onAllClear(v, m, told, now) {
    if (isUnconfirmed(m)) {
        return onUnconfirmed(v, m);
    }
    return m.drill && !v.drill ? ['accepted', v] : stand(v, m, told, 'quiet', false, now);
}

// Staff are told of each press once, however often the kiosk repeats it. Of two under duress, both are over
// once the later one is.
function onDoor(v, m, staff) {
    const { kind, id, at, epoch, seq } = m;
    const again = kind === v.press.kind && id === v.press.id && at === v.press.at;
    const lifted = kind === 'nothing';
    if (lifted || (again && v.press.over)) {
        return ['accepted', { ...v, press: { ...v.press, lifted } }];
    }
    const forced = kind === 'duress' && !(again && v.duress) ? { duress: true, dangered: latch(m) } : {};
    const press = again ? { ...v.press, lifted } : { kind, id, at, epoch, seq, over: false, lifted };
    return [!again && staff ? 'told' : 'accepted', { ...v, ...forced, press }];
}

// Staff are told whenever more than before need help.
const onCounts = (v, { id, help }, staff) =>
    [staff && help > (v.help.id === id ? v.help.n : 0) ? 'told' : 'accepted', { ...v, help: { id, n: help } }];

function onState(v, m, told, now) {
    const [verdict, next] = stand(v, m, told, m.state, m.unconfirmed, now);
    return [verdict === 'repeated' ? 'accepted' : verdict, next];
}

const later = (a, b) => a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);

function onTelling(before, m, proved, { staff, plain }, age, now) {
    const told = { proved, plain };
    let v = proved === null ? before : lateIsKnown(before, proved.id);
    // What a proof covers is over, also for whoever plays it again later.
    if (proved !== null && (v.proved.id === null || later(proved, v.proved))) {
        v = { ...v, proved: { id: proved.id, epoch: proved.epoch, seq: proved.seq } };
    }
    if (begins(m) && isRooted(v, m, age)) {
        return ['accepted', v];
    }
    if (v.duress && covers(proved, v.dangered, m)) {
        const over = v.press.over || v.press.kind === 'duress';
        v = { ...v, duress: false, dangered: null, press: { ...v.press, over } };
    }
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
    case 'counts':
        return onCounts(v, m, staff);
    case 'state':
        return onState(v, m, told, now);
    default:
        return [staff ? 'told' : 'accepted', v];
    }
}

// Nobody can have looked at a state that this message is older than. And a proof has no date, so one
// by a revoked account is worth nothing, whenever it was made.
function believed(v, proved, m) {
    if (proved !== null && v.root.revoked.includes(proved.account)) {
        return null;
    }
    const ahead = proved !== null &&
        (proved.epoch > m.epoch || (proved.epoch === m.epoch && proved.seq >= m.seq));
    return ahead ? null : proved;
}

// [age, v]: how old the message is at most; -1: not known.
function ageOf(v, word, { plain }, now) {
    const m = word.message;
    if (plain && !word.retained) {
        return [0, v];
    }
    if (!OF_STATE.includes(m.kind) && m.kind !== 'beat') {
        return [word.wallAge, v];
    }
    const [age, fresh] = freshnessAge(v.fresh, m.epoch, m.up, now);
    return [age >= 0 ? age : word.wallAge, { ...v, fresh }];
}

// Sent at the same time as, or after, what is known already.
const latest = (known, sent) => (known === NEVER || sent > known ? sent : known);

function onBeat(v, m, { staff }, now) {
    const newest = { state: m.state, staff: staff ? m.staff : 0 };
    const next = { ...v, fresh: freshnessBeat(v.fresh, { ...m, newest }, now) };
    if (next.undated === null) {
        return next;
    }
    const [age, fresh] = freshnessAge(next.fresh, next.undated.epoch, next.undated.up, now);
    return age < 0 ? { ...next, fresh } :
        { ...next, fresh, undated: null, stateAt: latest(next.stateAt, now - age) };
}

function noteGroup(v, m, now) {
    const group = OF_STATE.includes(m.kind) ? 'state' : TELLING.includes(m.kind) ? 'staff' : null;
    return group === null ? v :
        { ...v, fresh: freshnessGot(v.fresh, group, m.epoch, m.seq, now) };
}

const alarms = (m) => !m.drill && (m.kind === 'lockdown' || m.kind === 'caution' ||
    (m.kind === 'state' && m.state !== 'quiet'));

// An alarm that its epoch or seq alone would refuse: more than what is active counts.
function outOfOrder(v, word, rules, age, now) {
    const m = word.message;
    const state = m.kind === 'state' ? m.state : m.kind;
    const more = v.drill || RISING.indexOf(state) > RISING.indexOf(v.state);
    if (!alarms(m) || !more || !later(m, v.proved) || v.proved.id === m.id ||
        isRooted(v, m, age) || [v.alert?.id, ...v.past].includes(m.id)) {
        return ['old', v];
    }
    if (isFresh(age)) {
        return stand({ ...v, stateAt: latest(v.stateAt, now - age) }, m,
            { proved: believed(v, word.proved, m), plain: rules.plain }, state, m.unconfirmed ?? false,
            now);
    }
    const called = v.late === m.id || within(v.calledAt, LATE_EVERY, now);
    const late = { ...v, late: m.id, lateAt: now };
    return called ? ['old', late] : ['late', { ...late, calledAt: now }];
}

function dateState(v, m, age, now) {
    return { ...v, undated: age < 0 ? { epoch: m.epoch, up: m.up } : null,
        stateAt: age < 0 ? v.stateAt : latest(v.stateAt, now - age) };
}

// A sign of life has come, of this age; -1: not known.
// After a silence, or once messages were held back, what is known is not the newest for certain.
const catchUp = (v, interrupted) => ({ ...v, behind: (v.behind || interrupted) &&
    freshnessLacks(v.fresh, 'state', v.epoch) });

function noteLife(before, age, now) {
    const v = age < 0 ? before : catchUp(before, !within(before.lifeAt, RULES.lostAfter, now));
    const doubts = v.doubtedAt === NEVER || !within(v.receivedAt, RULES.lostAfter, now);
    return { ...v, receivedAt: now, lifeAt: age < 0 ? v.lifeAt : latest(v.lifeAt, now - age),
        doubtedAt: age >= 0 ? NEVER : doubts ? now : v.doubtedAt };
}

// The one transition: [verdict, v]. word: {message, retained, wallAge, proved}; wallAge: the time
// from its `at` to now by a clock that is known to be right, -1 where unknown; proved: what readProof
// said. Verdicts: accepted, told, repeated, old, unproved, disowned, late.
// rules: {staff, plain}; plain: a venue where nothing is signed, so nothing can be proved.
export function viewStep(before, word, rules, now) {
    const m = word.message;
    if (before.retired) {
        return ['disowned', before];
    }
    const noNews = m.kind === 'online' && word.retained; // sent at an unknown time
    if (noNews || (!TELLING.includes(m.kind) && !['online', 'lost', 'beat'].includes(m.kind))) {
        return ['accepted', before];
    }
    const beaten = m.kind === 'beat' ? onBeat(before, m, rules, now) : before;
    const held = freshnessHeld(before.fresh, now);
    const [age, v] = ageOf(catchUp(noteGroup(beaten, m, now), held), word, rules, now);
    const [verdict, passed] = passMarks(v, m);
    if (verdict === 'old') {
        return outOfOrder(passed, word, rules, age, now);
    }
    if (verdict !== 'accepted') {
        return [verdict, passed];
    }
    const next = word.retained || m.kind === 'lost' ? passed : noteLife(passed, age, now);
    if (!TELLING.includes(m.kind)) {
        return ['accepted', next];
    }
    const dated = OF_STATE.includes(m.kind) ? dateState(next, m, age, now) : next;
    return onTelling(dated, m, believed(dated, word.proved, m), rules, age, now);
}

function showOf(v, rules, { silent, held, stale, late }, now) {
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
    if (held) {
        return 'lost';
    }
    if (stale || v.behind || late) {
        return 'unknown';
    }
    if (v.drill) {
        return 'drill';
    }
    return within(v.clearAt, rules.allClearLasts, now) ? 'all-clear' : 'quiet';
}

// {show, duress, code, drill, silent, stale, delayed, undated, held, late, rooted}; `staff`: what was pressed at
// the door is shown. delayed: silent, although signs of life come, since they are old; undated: how old
// they are is not known yet; held: messages are held back; late: an alarm came late, not long ago;
// rooted: all-clear by the root key's message.
// Whether a ping should be sent now. A staff phone asks as long as it has no sign of life, too: its
// ping names the epoch that a kiosk which lost its record has to go above.
export function viewWantsPing(v, rules, { staff }, now) {
    const lost = staff && !within(v.lifeAt, rules.lostAfter, now);
    return v.linked && freshnessWants(v.fresh, lost ? Infinity : v.epoch, now);
}

export function viewLook(v, rules, { staff }, now) {
    const silent = !v.linked || !within(v.lifeAt, rules.lostAfter, now);
    const stale = !within(v.stateAt, rules.staleAfter, now);
    const held = v.linked && freshnessHeld(v.fresh, now);
    const comes = v.linked && silent && within(v.receivedAt, rules.lostAfter, now);
    const undated = comes && within(v.doubtedAt, rules.lostAfter, now);
    const late = within(v.lateAt, rules.allClearLasts, now);
    const show = showOf(v, rules, { silent, held, stale, late }, now);
    return { show, rooted: v.rooted && show === 'all-clear', duress: v.duress && staff,
        code: v.press.kind === 'code' && !v.press.over && !v.press.lifted && !v.duress && staff, drill: v.drill,
        silent, stale, held, delayed: comes && !undated, undated, late };
}

// What several kiosks show together: the worst; retired ones count only if all are.
export function viewWorst(shows) {
    const living = shows.filter((s) => s !== 'retired');
    if (living.length === 0) {
        return shows.length > 0 ? 'retired' : 'unknown';
    }
    return living.reduce((a, b) => (SHOWS.indexOf(b) > SHOWS.indexOf(a) ? b : a));
}
