// A new phone becomes a member (kiosk/core/enrol.h): it makes its keys, sends the public half and
// a new password sealed to the kiosk, gets the venue key sealed to itself, and says that it has it;
// only then does the kiosk let the one-time password die. That it died is the sign that all is done:
// until then the phone says so again, should the kiosk have been away for a moment. What both send
// is proved by the invitation's secret, which no broker knows.

import { fromHex, toHex } from './bytes.js';
import { isStaff } from './cert.js';
import { LETTER_MAX, openWelcome, Refused, sealLetter, VERSION } from './envelope.js';
import { digitsOf, letterMac, welcomeMac } from './invitation.js';
import { openLink } from './link.js';
import { topicName } from './topics.js';

const PATIENCE = 30000; // ms for the kiosk to answer; staff wait for a signature made by hand
const STAFF_PATIENCE = 600000;
const AGAIN = 3000; // ms after which an unanswered letter is sent again
const SIGN = 15000; // ms after which a welcome counts without its sign

// Why the kiosk refuses, as a key of the page's texts.
const REFUSALS = { version: 'joinVersion', closed: 'joinRefused', expired: 'joinExpired',
    copied: 'joinCopied', secret: 'joinBad', role: 'joinBad', digits: 'joinWrongDigits',
    withdrawn: 'joinWithdrawn' };

// What a phone draws for one invitation. It keeps it for another attempt: to the kiosk, other keys
// would be another phone.
export function drawPhone(sodium) {
    const pair = sodium.crypto_sign_keypair();
    return { keys: { public: toHex(pair.publicKey), secret: toHex(pair.privateKey) },
        password: toHex(sodium.randombytes_buf(24)) };
}

// The password from now on. A spare account is the same before and after.
const passwordOf = (invitation, phone) => (invitation.spare ? invitation.password : phone.password);

export function writeRequest(sodium, invitation, phone) {
    const { keys } = phone;
    const password = passwordOf(invitation, phone);
    return JSON.stringify({ v: VERSION, kind: 'enrol', account: invitation.account,
        public: keys.public, password, staff: invitation.staff,
        mac: letterMac(sodium, invitation, keys.public, password) });
}

// What the kiosk sent, opened: {kind: 'confirm', digits}, {kind: 'refused', key} or {kind: 'welcome',
// membership}. Or Refused.
export function readReply(sodium, text, invitation, phone) {
    const w = JSON.parse(text);
    if (w.v !== VERSION || w.account !== invitation.account) {
        throw new Refused('malformed');
    }
    if (w.kind === 'refused') {
        return { kind: 'refused', key: Object.hasOwn(REFUSALS, w.reason) ? REFUSALS[w.reason] : 'joinRefused' };
    }
    if (w.kind === 'confirm' && invitation.staff && /^[0-9a-f]{32}$/.test(w.nonce)) {
        return { kind: 'confirm',
            digits: digitsOf(sodium, invitation, phone.keys.public, w.nonce) };
    }
    return { kind: 'welcome', membership: readWelcome(sodium, w, invitation, phone) };
}

function readWelcome(sodium, w, invitation, phone) {
    const { keys } = phone;
    if (w.kind !== 'welcome' || !/^[0-9a-f]{64}$/.test(w.venue_key) ||
        (invitation.staff && !/^[0-9a-f]{128}$/.test(w.certificate))) {
        throw new Refused('malformed');
    }
    if (w.mac !== welcomeMac(sodium, invitation, keys.public, w.venue_key) ||
        (invitation.staff && !isStaff(sodium, invitation.venue, invitation.account,
            fromHex(keys.public), fromHex(invitation.rootPublic), fromHex(w.certificate)))) {
        throw new Refused('forged');
    }
    return {
        brokers: invitation.brokers,
        account: invitation.account,
        password: passwordOf(invitation, phone),
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

// Resolves with the membership; rejects with an Error whose message is a key of the page's texts.
// `phone`: of drawPhone. `known`: the memberships that this phone has. onDigits(digits): a staff
// phone is to show them. now: ms since 1970 by a clock that is right, 0 where there is none.
export function enrol({ mqtt, sodium, invitation, phone, known, onDigits, now }) {
    if (invitation.otherVersion) {
        return Promise.reject(new Error('joinVersion'));
    }
    if (known.some((m) => (m.kiosk === invitation.kiosk || m.venue === invitation.venue) &&
        m.rootPublic !== invitation.rootPublic)) {
        return Promise.reject(new Error('joinOther'));
    }
    if (invitation.expires * 1000 < now) {
        return Promise.reject(new Error('joinExpired'));
    }
    const { keys } = phone;
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
        // A spare account's connection does not end: it is enough that the kiosk's broker has the letter.
        const sent = () => {
            if (membership !== null && invitation.spare) {
                finish(resolve, membership);
            }
        };
        const ask = () => {
            const done = membership !== null;
            const wire = letter(membership === null ? writeRequest(sodium, invitation, phone) :
                JSON.stringify({ v: VERSION, kind: 'enrolled', account: invitation.account }));
            links.forEach((l) => l.publish(topic, wire, 600).then(() => done && sent(), () => {}));
        };
        const onMessage = (name, payload) => {
            if (membership !== null) {
                return;
            }
            let reply;
            try {
                reply = readReply(sodium, openWelcome(sodium, place, fromHex(keys.public),
                    fromHex(keys.secret), kiosk, payload), invitation, phone);
            } catch {
                return; // our own letter come back, or not for us: wait on
            }
            if (reply.kind === 'confirm') {
                onDigits(reply.digits);
                return;
            }
            if (reply.kind === 'refused') {
                finish(reject, new Error(reply.key));
                return;
            }
            membership = reply.membership;
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
