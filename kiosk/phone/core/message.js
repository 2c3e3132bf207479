// The JSON object of every topic as a value (kiosk/core/message.h). Unknown keys are ignored; a
// missing or mistyped one that `kind` needs refuses the message.

import { Refused } from './envelope.js';

export const KINDS = {
    alert: ['lockdown', 'caution', 'duress', 'all-clear'],
    notice: ['door', 'fault', 'drill-report', 'retired'],
    state: ['state'],
    presence: ['online', 'lost', 'retired'],
    beat: ['beat'],
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const count = (v) => Number.isSafeInteger(v) && v >= 0;
const flag = (v) => typeof v === 'boolean';

// Every kind carries these.
const COMMON = {
    kind: (v) => typeof v === 'string',
    id: (v) => v === null || (typeof v === 'string' && UUID.test(v)),
    epoch: count,
    seq: count,
    at: (v) => v === null || typeof v === 'string',
    age_ms: (v) => v === null || count(v),
    drill: flag,
    resumed: flag,
    detail: (v) => v === null || typeof v === 'string',
};

const OF_KIND = {
    state: {
        state: (v) => ['quiet', 'caution', 'lockdown'].includes(v),
        seen: count,
        safe: count,
        unconfirmed: flag,
        duress: flag,
        nonce: (v) => typeof v === 'string' && /^[0-9a-f]{32}$/.test(v),
    },
    online: { connection: count },
    lost: { connection: count },
};

function check(message, rules) {
    for (const [key, valid] of Object.entries(rules)) {
        if (!valid(message[key])) {
            throw new Refused('malformed');
        }
    }
}

// `topic` is the name's part after the kiosk; the text's epoch and seq must be the envelope's.
export function readMessage(text, topic, place) {
    let message;
    try {
        message = JSON.parse(text);
    } catch {
        throw new Refused('malformed');
    }
    if (message === null || typeof message !== 'object' || message.v !== 1) {
        throw new Refused('malformed');
    }
    check(message, COMMON);
    if (!KINDS[topic]?.includes(message.kind) || message.epoch !== place.epoch ||
        message.seq !== place.seq) {
        throw new Refused('malformed');
    }
    check(message, OF_KIND[message.kind] ?? {});
    return message;
}

// A phone's own words to the kiosk. `id` is the alert they answer, null where there is none.
export function writeAnswer(kind, id, account, nonce) {
    return JSON.stringify({
        v: 1,
        kind,
        id,
        epoch: 0,
        seq: 0,
        at: null,
        age_ms: null,
        drill: false,
        resumed: false,
        detail: null,
        account,
        ...(nonce ? { nonce } : {}),
    });
}
