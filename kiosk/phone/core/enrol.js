// A new phone becomes a member (kiosk/core/enrol.h): it makes its keys, sends the public half and
// a new password sealed to the kiosk, gets the venue key sealed to itself, and says that it has it;
// only then does the kiosk let the one-time password die. That it died is the sign that all is done:
// until then the phone says so again, should the kiosk have been away for a moment.

import { fromHex, toHex } from './bytes.js';
import { LETTER_MAX, openWelcome, Refused, sealLetter, VERSION } from './envelope.js';
import { openLink } from './link.js';
import { topicName } from './topics.js';

const PATIENCE = 30000; // ms for the kiosk to answer; staff wait for a signature made by hand
const STAFF_PATIENCE = 600000;
const AGAIN = 3000; // ms after which an unanswered letter is sent again
const SIGN = 15000; // ms after which a welcome counts without its sign

export function makeKeys(sodium) {
    const pair = sodium.crypto_sign_keypair();
    return { public: toHex(pair.publicKey), secret: toHex(pair.privateKey) };
}

export function writeRequest(invitation, keys, password) {
    return JSON.stringify({ v: VERSION, kind: 'enrol', account: invitation.account, public: keys.public,
        password, staff: invitation.staff });
}

// The welcome's text as a membership, or Refused.
export function readWelcome(text, invitation, keys, password) {
    const w = JSON.parse(text);
    if (w.v !== VERSION || w.kind !== 'welcome' || w.account !== invitation.account ||
        !/^[0-9a-f]{64}$/.test(w.venue_key) ||
        (invitation.staff && !/^[0-9a-f]{128}$/.test(w.certificate))) {
        throw new Refused('malformed');
    }
    return {
        brokers: invitation.brokers,
        account: invitation.account,
        password,
        venue: invitation.venue,
        kiosk: invitation.kiosk,
        kioskPublic: invitation.kioskPublic,
        rootPublic: invitation.rootPublic,
        venueKey: w.venue_key,
        public: keys.public,
        secret: keys.secret,
        staff: invitation.staff,
        certificate: invitation.staff ? w.certificate : null,
        push: invitation.push,
    };
}

// Resolves with the membership; rejects with an Error whose message is a key of the page's texts:
// 'joinExpired', 'joinRefused', 'joinSilent'.
export function enrol({ mqtt, sodium, invitation, now = Date.now() }) {
    if (invitation.expires * 1000 < now) {
        return Promise.reject(new Error('joinExpired'));
    }
    const keys = makeKeys(sodium);
    const password = toHex(sodium.randombytes_buf(24));
    const topic = topicName(invitation.venue, invitation.kiosk, 'enrol', invitation.account);
    const place = { venue: invitation.venue, kiosk: invitation.kiosk, topic };
    const kiosk = fromHex(invitation.kioskPublic);
    const letter = (text) => {
        if (text.length > LETTER_MAX) {
            throw new Refused('too long');
        }
        return sealLetter(sodium, place, kiosk, fromHex(keys.secret), text);
    };

    return new Promise((resolve, reject) => {
        const links = [];
        const status = invitation.brokers.map(() => 'down');
        const wasUp = new Set();
        let membership = null;
        let sign = null;
        const finish = (settle, value) => {
            clearTimeout(patience);
            clearTimeout(sign);
            clearInterval(repeat);
            links.forEach((l) => l.close());
            settle(value);
        };
        const ask = () => {
            const wire = letter(membership === null ? writeRequest(invitation, keys, password) :
                JSON.stringify({ v: VERSION, kind: 'enrolled', account: invitation.account }));
            links.forEach((l) => l.publish(topic, wire, 600).catch(() => {}));
        };
        const onMessage = (name, payload) => {
            if (membership !== null) {
                return;
            }
            try {
                const text = openWelcome(sodium, place, fromHex(keys.public),
                    fromHex(keys.secret), kiosk, payload);
                membership = readWelcome(text, invitation, keys, password);
            } catch {
                return; // our own letter come back, or not for us: wait on
            }
            clearTimeout(patience);
            sign = setTimeout(() => finish(resolve, membership), SIGN);
            ask();
        };
        const onChange = (i) => (next) => {
            status[i] = next;
            if (next === 'up') {
                wasUp.add(i);
                ask();
            }
            if (membership !== null && next === 'refused' && wasUp.has(i)) {
                finish(resolve, membership);
            } else if (membership === null && status.every((s) => s === 'refused')) {
                finish(reject, new Error('joinRefused'));
            }
        };
        invitation.brokers.forEach((url, i) => links.push(openLink(mqtt, { url,
            account: invitation.account, password: invitation.password, topics: [topic],
            ping: topic, onMessage, onChange: onChange(i) })));
        const repeat = setInterval(ask, AGAIN);
        const patience = setTimeout(() => finish(reject, new Error('joinSilent')),
            invitation.staff ? STAFF_PATIENCE : PATIENCE);
    });
}
