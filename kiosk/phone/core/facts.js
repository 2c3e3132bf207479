// What the page shows besides the view: counts, when it began, what this phone answered, the
// nonce for staff's next command, the last notices. Pure. While an alert is active the phone keeps
// factsKeep() of it, so that a page which is opened again knows when it began, what came since, and
// what this phone answered; it is forgotten with the alert.

const NOTICES = 5;
const HISTORY = 12;

export function factsInit() {
    return {
        id: null, // the active alert, or the last one
        began: null,
        resumed: false,
        unclear: false,
        counts: null, // for staff: {id, seen, safe, help, of, rang, phones}, as the kiosk sent them last
        epoch: 0, // of its last message
        answered: null, // this phone's answer that the kiosk has: 'seen', 'safe' or 'help'
        waiting: null, // the same, chosen and not sent yet
        again: false, // the kiosk restarted, and has forgotten what was answered
        number: 0, // how many answers were chosen for this alert; the kiosk takes the last
        nonce: null,
        looked: null, // {id, epoch, seq}: the state's id, and the newest message that staff look at
        notices: [],
        where: null, // {id, name}: staff alone: the switch that was pressed in this alert
        before: null, // {id, epoch, answered, waiting, number} of the alert before
        history: [], // [{kind, at}] of this alert, oldest first; at: ms since 1970
    };
}

// `steady` and `wall` are the two clocks of the same moment, in ms.
export function factsKeep(f, steady, wall) {
    return { id: f.id, began: f.began === null ? null : Math.round(wall - steady + f.began),
        resumed: f.resumed, unclear: f.unclear, answered: f.answered, waiting: f.waiting,
        again: f.again, number: f.number, epoch: f.epoch, before: f.before, history: f.history };
}

// `id`: of the alert that the view has kept. What was kept of another one is over.
export function factsFrom(kept, id, steady, wall) {
    const none = { ...factsInit(), id };
    return kept === null || kept.id !== id ? none : { ...none, ...kept,
        began: kept.began === null ? null : Math.min(steady, kept.began - wall + steady) };
}

// The view has changed to `kind`, or is drawn for the first time.
export function factsNoted(f, kind, at) {
    return f.history.at(-1)?.kind === kind ? f :
        { ...f, history: [...f.history, { kind, at }].slice(-HISTORY) };
}

const restarted = (f, m) => m.epoch > f.epoch && (f.waiting ?? f.answered) !== null;

// A kiosk that restarted has forgotten who answered; and one whose power failed as this alert began comes
// back with the one before, until its broker has told it of this one.
function answersAfter(f, m) {
    if (m.id !== f.id) {
        const { epoch, id, answered, waiting, number } = f;
        const known = f.before?.id === m.id ? f.before : { answered: null, waiting: null, number: 0 };
        return { ...known, again: restarted(known, m), history: [],
            before: { epoch, id, answered, waiting, number } };
    }
    return restarted(f, m) ? { again: true } : {};
}

// For how long the answer waits before it is sent again, in ms; null: it is not. Not all phones speak at
// once, and those that need help go first. `chance`: 0 to 1.
export function factsAgain(f, chance) {
    return f.again && f.waiting === null ? chance * (f.answered === 'help' ? 5000 : 60000) : null;
}

// `age`: of the message, -1 where unknown. What was on its way longest says the latest beginning.
function beganAt(f, m, fresh, age, now) {
    const began = now - m.age_ms - Math.max(0, age);
    return fresh || f.began === null ? began : Math.min(f.began, began);
}

// Nobody has answered an alert that begins; of how many, this phone knows from before.
const countsAfter = (f, m) => (f.counts === null || f.counts.id === m.id ? f.counts :
    { ...f.counts, id: m.id, seen: 0, safe: 0, help: 0 });

function onAlert(f, m, age, now) {
    if (m.id === null) {
        return f;
    }
    const fresh = m.id !== f.id;
    const all = { ...f, ...answersAfter(f, m), id: m.id, epoch: m.epoch };
    return !fresh && m.age_ms === null ? all : {
        ...all,
        began: m.age_ms !== null ? beganAt(f, m, fresh, age, now) : fresh ? null : f.began,
        resumed: m.resumed || (!fresh && f.resumed),
        unclear: m.detail === 'unclear' || (!fresh && f.unclear && m.kind === 'state'),
    };
}

// Somebody chose an answer to the active alert. Who is safe or needs help has seen it, and may go from one
// to the other. Help can be asked for again, once the kiosk has the last answer: staff are rung again.
export function factsChosen(f, kind) {
    const last = f.waiting ?? f.answered;
    const again = kind === 'help' && f.waiting === null;
    return (kind === last && !again) || (kind === 'seen' && last !== null) ? f :
        { ...f, waiting: kind, number: f.number + 1 };
}

// A kiosk of this epoch has this answer: {id, kind, number, epoch}. One to an earlier alert does not count for this one.
export function factsTold(f, said) {
    if (said.id !== f.id || (said.number !== f.number && f.waiting === null)) {
        return f; // or one from before the last that it has
    }
    return { ...f, answered: said.kind, again: f.again && said.epoch < f.epoch,
        waiting: said.number === f.number ? null : f.waiting };
}

// A staff phone's proof covers what it has seen: the state, and what was pressed at the door.
const newer = (at, looked) => (looked !== null && (looked.epoch > at.epoch ||
    (looked.epoch === at.epoch && looked.seq > at.seq)) ?
    { ...at, epoch: looked.epoch, seq: looked.seq } : at);

const looksAt = (f, m) => (f.looked === null ? f : { ...f,
    looked: newer({ ...f.looked, epoch: m.epoch, seq: m.seq }, f.looked) });

// The kiosk repeats what was pressed with each state: it is listed once.
function withPress(f, { kind, detail, where = null, id, at }) {
    const known = f.notices.some((n) => n.kind === kind && n.id === id && n.at === at);
    return known ? f :
        { ...f, notices: [{ kind, detail, where, id, at }, ...f.notices].slice(0, NOTICES) };
}

const withWhere = (f, { id, where }) => ({ ...f, where: where ? { id, name: where } : null });

// One message that the view took (verdict neither old nor disowned). Times in ms; age: -1 if unknown.
export function factsReceived(f, m, now, age = -1) {
    switch (m.kind) {
    case 'lockdown':
    case 'caution':
        return { ...onAlert(f, m, age, now), counts: countsAfter(f, m) };
    case 'code':
    case 'duress':
        return looksAt(withWhere(withPress(f, m), m), m);
    case 'nothing':
        return looksAt(withWhere(f, m), m);
    case 'state':
        return { ...(m.state === 'quiet' ? f : onAlert(f, m, age, now)), nonce: m.nonce,
            looked: newer({ id: m.id, epoch: m.epoch, seq: m.seq }, f.looked) };
    case 'counts':
        return { ...f, counts: { id: m.id, seen: m.seen, safe: m.safe, help: m.help, of: m.of,
            rang: m.rang, phones: m.phones } };
    case 'door':
    case 'fault':
    case 'drill-report':
        // One that rings is sent again, for a phone that woke after it: it is listed once.
        if (m.kind === 'fault' && m.id !== null && f.notices.some((n) => n.id === m.id)) {
            return f;
        }
        return { ...f, notices: [{ kind: m.kind, id: m.id, detail: m.detail, where: m.where ?? null,
            at: m.at, seen: m.seen, rang: m.rang, ms: m.age_ms }, ...f.notices].slice(0, NOTICES) };
    default:
        return f;
    }
}
