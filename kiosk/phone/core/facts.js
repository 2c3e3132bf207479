// What the page tells besides the view: counts, when it began, what this phone answered, the
// nonce for staff's next command, the last notices. Pure. RAM alone.

const NOTICES = 5;

export function factsInit() {
    return {
        id: null, // the standing alert, or the last one
        began: null,
        resumed: false,
        unclear: false,
        answers: { seen: 0, safe: 0 },
        answered: null, // what this phone said to that alert: 'seen' or 'safe'
        nonce: null,
        looked: null, // {epoch, seq} of the state that staff look at
        notices: [],
    };
}

function onAlert(f, m, now) {
    if (m.id === null || (m.id === f.id && m.age_ms === null)) {
        return f;
    }
    const fresh = m.id !== f.id;
    return {
        ...f,
        id: m.id,
        began: m.age_ms === null ? f.began : now - m.age_ms,
        resumed: m.resumed || (!fresh && f.resumed),
        unclear: m.detail === 'unclear' || (!fresh && f.unclear && m.kind === 'state'),
        answered: fresh ? null : f.answered,
        answers: fresh ? { seen: 0, safe: 0 } : f.answers,
    };
}

// One message that the view took (verdict neither old nor disowned). Times in ms.
export function factsHeard(f, m, now) {
    switch (m.kind) {
    case 'lockdown':
    case 'caution':
        return onAlert(f, m, now);
    case 'state':
        return { ...(m.state === 'quiet' ? f : onAlert(f, m, now)), nonce: m.nonce,
            looked: { epoch: m.epoch, seq: m.seq }, answers: { seen: m.seen, safe: m.safe } };
    case 'door':
    case 'fault':
    case 'drill-report':
        return { ...f, notices: [{ kind: m.kind, detail: m.detail, at: m.at, seen: m.seen,
            rang: m.rang, ms: m.age_ms }, ...f.notices].slice(0, NOTICES) };
    default:
        return f;
    }
}
