// What the page shows, decided from what was heard and the time; pure. Times are milliseconds of
// one steady clock, passed in. The rules are those of kiosk/core/view.h: a lockdown is never
// hidden by silence, silence is never shown as quiet, and a lockdown (no drill) ends only where a
// staff phone's word proves it: the kiosk's own is "pressed at the door, not confirmed".

export const BEAT_LIMIT = 15000; // without a beat for this long, a kiosk's silence is believed
export const STATE_LIMIT = 150000; // a state not repeated for this long says nothing any more
export const CLEAR_LASTS = 600000; // how long an all-clear stands before it reads quiet

export function kioskInit(now) {
    return {
        state: null, // 'quiet', 'caution', 'lockdown'
        stateAt: 0,
        id: null,
        drill: false,
        resumed: false,
        unclear: false,
        unconfirmed: false,
        duress: false,
        began: null, // when the alert began, as far as known
        clearedAt: null,
        clearedDrill: false,
        answers: { seen: 0, safe: 0 },
        nonce: null,
        looked: null, // {epoch, seq} of the state last shown: what a staff phone looks at
        stands: null, // {id, epoch, seq} of the lockdown that is not proved over
        presence: null, // 'online', 'lost'
        waitFrom: now, // beats are expected from here on
        beatAt: null,
        retired: false,
        rung: [], // "id kind" of what has been announced in this alert
        answered: null, // 'seen' or 'safe': what this phone said to the standing alert
        notices: [], // staff: the last few, newest first
    };
}

// A connection came up (or came back): the time without one was no silence of the kiosk's.
export function kioskConnected(k, now) {
    return k.beatAt !== null && now - k.beatAt < BEAT_LIMIT ? k : { ...k, waitFrom: now };
}

function stand(k, changes, m, now) {
    const begins = m.id !== k.id;
    const locked = changes.state === 'lockdown' && !m.drill;
    return {
        ...k,
        ...changes,
        id: m.id,
        drill: m.drill,
        resumed: m.resumed,
        unclear: m.detail === 'unclear',
        answered: begins ? null : k.answered,
        rung: begins ? [] : k.rung,
        began: begins ? (m.age_ms === null ? null : now - m.age_ms) : k.began,
        clearedAt: null,
        stands: locked && k.stands?.id !== m.id ? { id: m.id, epoch: m.epoch, seq: m.seq } : k.stands,
    };
}

const after = (a, b) => a.epoch > b.epoch || (a.epoch === b.epoch && a.seq >= b.seq);

// Whether what stands may end: nothing unproved stands, or this message proves it over.
function mayEnd(k, m) {
    return k.stands === null ||
        (m.proved !== null && (m.proved.id === k.stands.id || after(m.proved, k.stands)));
}

const ALERTS = {
    lockdown: (k, m, now) => stand(k, { state: 'lockdown', unconfirmed: m.detail === 'unconfirmed' },
        m, now),
    caution: (k, m, now) => (k.stands !== null ? k :
        stand(k, { state: 'caution', unconfirmed: false }, m, now)),
    duress: (k) => ({ ...k, state: 'lockdown', duress: true }),
    'all-clear': (k, m, now) => (m.detail !== 'unconfirmed' && mayEnd(k, m) ?
        clear(k, m.drill || k.drill, now) : hold(k)),
};

// The kiosk says that it is over, and nobody outside has said so.
function hold(k) {
    return k.state === 'lockdown' || k.stands !== null ?
        { ...k, state: 'lockdown', id: k.id ?? k.stands.id, unconfirmed: true } : k;
}

function clear(k, drill, now) {
    return { ...k, state: 'quiet', stateAt: now, unconfirmed: false, duress: false, drill: false,
        unclear: false, resumed: false, stands: null, clearedAt: now, clearedDrill: drill,
        notices: [] };
}

function onState(k, m, now) {
    const told = { ...k, stateAt: now, nonce: m.nonce, looked: { epoch: m.epoch, seq: m.seq },
        answers: { seen: m.seen, safe: m.safe } };
    if (m.state === 'quiet') {
        if (!mayEnd(k, m)) {
            return hold(told);
        }
        const ended = k.state === 'lockdown' || k.state === 'caution' || k.stands !== null;
        return ended ? clear(told, k.drill, now) : { ...told, state: 'quiet' };
    }
    if (m.state === 'caution' && !mayEnd(k, m)) {
        return hold(told);
    }
    return stand(told, { state: m.state, unconfirmed: m.unconfirmed, duress: m.duress,
        stands: m.state === 'caution' ? null : k.stands }, m, now);
}

// One message that the guard found new (or the same again). A retained one tells of the past: it
// sets the picture, but proves no life.
export function kioskHeard(k, topic, m, retained, now) {
    if (k.retired) {
        return k;
    }
    const alive = retained || m.kind === 'lost' ? k : { ...k, beatAt: now };
    switch (topic) {
    case 'alert':
        return { ...ALERTS[m.kind](alive, m, now), stateAt: now };
    case 'state':
        return onState(alive, m, now);
    case 'presence':
        return { ...alive, presence: m.kind };
    case 'notice':
        return { ...alive,
            notices: [{ kind: m.kind, detail: m.detail, at: m.at, heard: now },
                ...alive.notices].slice(0, 5) };
    default:
        return alive;
    }
}

// What of the standing state deserves a sound: its key, or null. Members learn nothing of duress.
export function kioskNews(k, staff) {
    const loud = faceOfAlert(k, staff);
    if (loud !== null && k.id !== null) {
        const key = `${k.id} ${loud}`;
        return k.rung.includes(key) ? null : key;
    }
    return k.clearedAt !== null && !k.rung.includes(`${k.id} all-clear`) ? `${k.id} all-clear` : null;
}

export function kioskRung(k, key) {
    return { ...k, rung: [...k.rung, key] };
}

function faceOfAlert(k, staff) {
    if (k.state === 'caution') {
        return 'caution';
    }
    if (k.state !== 'lockdown') {
        return null;
    }
    return k.duress && staff ? 'duress' : k.unconfirmed && !k.duress ? 'unconfirmed' : 'lockdown';
}

// Silent: no beat for BEAT_LIMIT though some broker was there to bring it.
function silent(k, now) {
    return now - Math.max(k.beatAt ?? k.waitFrom, k.waitFrom) >= BEAT_LIMIT;
}

// The picture of one kiosk: {face, drill, resumed, unclear, lost, stale, ...}. `connected`: some
// broker is. Faces: quiet, caution, lockdown, duress, unconfirmed, all-clear, lost, unknown, retired.
export function kioskView(k, now, { staff, connected }) {
    if (k.retired) {
        return picture('retired', k, now, false, false);
    }
    const lost = connected && silent(k, now);
    const alert = faceOfAlert(k, staff);
    if (alert !== null) {
        return picture(alert, k, now, lost, !connected);
    }
    if (lost) {
        return picture('lost', k, now, true, false);
    }
    if (k.state === null || now - k.stateAt >= STATE_LIMIT || (k.presence === 'lost' && k.beatAt === null)) {
        return picture('unknown', k, now, false, !connected);
    }
    const cleared = k.clearedAt !== null && now - k.clearedAt < CLEAR_LASTS;
    return picture(cleared ? 'all-clear' : 'quiet', k, now, false, !connected);
}

function picture(face, k, now, lost, stale) {
    const shown = ['caution', 'lockdown', 'duress', 'unconfirmed'].includes(face);
    return {
        face,
        drill: shown ? k.drill : face === 'all-clear' && k.clearedDrill,
        resumed: shown && k.resumed,
        unclear: shown && k.unclear,
        lost,
        stale,
        minutes: shown && k.began !== null ? Math.floor((now - k.began) / 60000) : null,
        since: k.stateAt,
        seen: k.answers.seen,
        safe: k.answers.safe,
        answered: k.answered,
        canAnswer: shown && k.id !== null,
    };
}

// Worst first: what wins where a venue has several kiosks. A real alert before any drill.
const WORST = ['duress', 'lockdown', 'unconfirmed', 'caution', 'lost', 'unknown', 'all-clear',
    'quiet', 'retired'];

function rank(v) {
    const alert = WORST.indexOf(v.face) < 4;
    return WORST.indexOf(v.face) + (alert && v.drill ? 3.5 : 0);
}

// The worst of some views; ties keep their order. null for none.
export function worst(views) {
    return views.reduce((a, b) => (a === null || rank(b) < rank(a) ? b : a), null);
}
