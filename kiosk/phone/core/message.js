// The JSON object of every topic as a value (kiosk/core/message.h). Unknown keys are ignored; a
// missing or mistyped one that `kind` needs refuses the message.

import { fromBase64Url, toBase64Url } from './bytes.js';
import { Refused, VERSION } from './envelope.js';

export const KINDS = {
    alert: ['lockdown', 'caution', 'all-clear', 'nothing'],
    notice: ['door', 'fault', 'drill-report', 'code', 'duress', 'nothing', 'counts'],
    staff: ['code', 'duress', 'nothing'],
    state: ['state'],
    presence: ['online', 'lost'],
    beat: ['beat'],
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const DETAIL = /^[a-z0-9-]{1,23}$/;

const count = (v) => Number.isSafeInteger(v) && v >= 0;
const isId = (v) => typeof v === 'string' && UUID.test(v);
const isWhere = (v) => v === undefined || (typeof v === 'string' && /^[a-z0-9_-]{1,31}$/.test(v));
const isDetail = (v) => typeof v === 'string' && DETAIL.test(v);
const flag = (v) => typeof v === 'boolean';

const isNonce = (v) => typeof v === 'string' && /^[0-9a-f]{16}$/.test(v);

// Every kind carries the first four, and all but a beat the rest.
const SHORT = {
    kind: (v) => typeof v === 'string',
    epoch: count,
    seq: count,
    at: (v) => v === null || (typeof v === 'string' && AT.test(v)),
};

const COMMON = {
    ...SHORT,
    id: (v) => v === null || isId(v),
    age_ms: (v) => v === null || count(v),
    drill: flag,
    resumed: flag,
    detail: (v) => v === null || isDetail(v),
};

const AGE = { up: count, synced: flag };

const OF_KIND = {
    state: {
        ...AGE,
        state: (v) => ['quiet', 'caution', 'lockdown'].includes(v),
        unconfirmed: flag,
        nonce: (v) => typeof v === 'string' && /^[0-9a-f]{32}$/.test(v),
    },
    lockdown: { ...AGE, id: isId },
    caution: { ...AGE, id: isId },
    code: { id: isId, where: isWhere },
    duress: { id: isId, where: isWhere },
    nothing: { where: isWhere },
    door: { detail: isDetail, where: isWhere },
    fault: { detail: isDetail, where: isWhere },
    'drill-report': { seen: count, safe: count, rang: count },
    counts: { seen: count, safe: count, help: count, of: count, rang: count, phones: count },
    'all-clear': { ...AGE, id: isId },
    beat: {
        ...AGE,
        state: count,
        staff: count,
        ring: count,
        echo: (v) => Array.isArray(v) && v.length <= 16 && v.every(isNonce),
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
// `proof` becomes bytes, null where there is none.
export function readMessage(text, topic, place) {
    return checked(readObject(text), topic, place);
}

// What staff read in a box lacks the keys that say nothing; epoch and seq are outside.
export function readBoxed(text, topic, { epoch, seq }) {
    return checked({ age_ms: null, drill: false, resumed: false, detail: null, ...readObject(text),
        epoch, seq }, topic, { epoch, seq });
}

// The object in a text, whatever is in it. Throws Refused.
export function readObject(text) {
    let object;
    try {
        object = JSON.parse(text);
    } catch {
        throw new Refused('malformed');
    }
    if (object === null || typeof object !== 'object') {
        throw new Refused('malformed');
    }
    return object;
}

function checked(message, topic, place) {
    if (message.v !== VERSION) {
        throw new Refused('malformed');
    }
    check(message, topic === 'beat' ? SHORT : COMMON);
    if (!KINDS[topic]?.includes(message.kind) || message.epoch !== place.epoch ||
        message.seq !== place.seq) {
        throw new Refused('malformed');
    }
    check(message, OF_KIND[message.kind] ?? {});
    return { ...message, proof: readBytes(message.proof ?? null) };
}

function readBytes(text) {
    try {
        return text === null ? null : fromBase64Url(text);
    } catch {
        throw new Refused('malformed');
    }
}

// A phone that has joined, and that the broker with this address does not let in (core/enrol.h).
export function writeAgain(account, password, broker) {
    return JSON.stringify({ v: VERSION, kind: 'again', account, password, broker });
}

// The kiosk's next beat echoes it (core/freshness.js).
export function writePing(nonce, epoch) {
    return JSON.stringify({ v: VERSION, kind: 'ping', epoch, seq: 0, ring: 0, nonce });
}

// This phone has the subscription with that hash (core/offer.js): the kiosk vouches for it to relays.
export function writeSubscribed(account, hash) {
    return JSON.stringify({ v: VERSION, kind: 'subscribed', id: null, epoch: 0, seq: 0, account, hash });
}

// A phone's messages to the kiosk: {kind, id, account}, for an answer {seq}, which counts its answers to
// this alert, for a command {nonce, epoch, seq, proof} besides.
export function writeAnswer({ kind, id, account, epoch = 0, seq = 0, nonce, proof }) {
    return JSON.stringify({ v: VERSION, kind, id, epoch, seq, account, nonce,
        proof: proof && toBase64Url(proof) });
}
