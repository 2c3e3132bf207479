// One membership alive: links to every broker, the guard, and the kiosk's picture. It opens what
// comes, refuses what is not fresh or not the kiosk's, and says what this phone answers.

import { fromHex } from './bytes.js';
import { isRetired, readProof, signClear } from './cert.js';
import { looksPlain, open, openWelcome, Refused, sealLetter } from './envelope.js';
import { freshMarks, judge, STREAM } from './guard.js';
import { openLink } from './link.js';
import { readMessage, writeAnswer } from './message.js';
import { MEMBER_READS, parseTopic, STAFF_READS, topicName } from './topics.js';
import { kioskConnected, kioskHeard, kioskInit } from './view.js';

// now(): steady milliseconds. onChange() after anything that may change the picture;
// onRefused(reason) for what must be said.
export function openSession({ mqtt, sodium, store, membership: m, now, onChange, onRefused }) {
    let marks = store.marks(m.kiosk) ?? freshMarks();
    let kiosk = { ...kioskInit(now()), retired: store.isRetired(m.kiosk), stands: marks.stands };
    const keys = { venue: fromHex(m.venueKey), kiosk: fromHex(m.kioskPublic),
        own: fromHex(m.secret), ownPublic: fromHex(m.public), root: fromHex(m.rootPublic) };
    const ids = { venue: m.venue, kiosk: m.kiosk, kioskPublic: keys.kiosk };
    const name = (t, account) => topicName(m.venue, m.kiosk, t, account);
    const topics = (m.staff ? STAFF_READS : MEMBER_READS).map((t) => name(t))
        .concat(name('enrol', m.account));

    const links = m.brokers.map((url) => {
        const heard = { epoch: 0 }; // highest seq of each stream that this broker brought
        const link = openLink(mqtt, {
            url, account: m.account, password: m.password, topics,
            onMessage: (topic, wire, delivery) => receive(topic, wire, delivery, heard),
            onChange: (status) => {
                if (status === 'up') {
                    kiosk = kioskConnected(kiosk, now());
                }
                onChange();
            },
        });
        return link;
    });

    function receive(full, wire, delivery, heard) {
        const topic = parseTopic(full);
        try {
            if (topic?.name === 'enrol') {
                takeKey(full, wire);
                return;
            }
            if (wire.length === 0 && delivery.retained) {
                return;
            }
            if (looksPlain(wire)) {
                throw new Refused('plain');
            }
            if (topic.name === 'state' && isRetired(sodium, ids, keys.root, wire)) {
                store.retire(m.kiosk);
                kiosk = { ...kiosk, retired: true };
                onChange();
                return;
            }
            const place = { venue: m.venue, kiosk: m.kiosk, topic: full };
            const opened = open(sodium, place, keys.venue, keys.kiosk, wire);
            take(topic.name, readMessage(opened.text, topic.name, opened), delivery, heard);
        } catch (error) {
            if (!(error instanceof Refused)) {
                throw error;
            }
            onRefused(error.reason);
        }
        onChange();
    }

    function take(topic, message, delivery, heard) {
        if (heard.epoch !== message.epoch) {
            Object.keys(heard).forEach((k) => delete heard[k]);
            heard.epoch = message.epoch;
        }
        const stream = STREAM[topic];
        const result = judge(marks, topic, message, delivery, heard[stream] ?? -1);
        if (stream && !delivery.retained) {
            heard[stream] = Math.max(heard[stream] ?? -1, message.seq);
        }
        if (result.verdict === 'old') {
            throw new Refused('old');
        }
        if (result.verdict === 'late') {
            return;
        }
        const proved = message.proof &&
            readProof(sodium, m.venue, m.kiosk, keys.root, message.proof);
        kiosk = kioskHeard(kiosk, topic, { ...message, proved }, delivery.retained, now());
        if (result.verdict === 'new') {
            marks = { ...result.marks, stands: kiosk.stands };
            store.setMarks(m.kiosk, marks);
        }
    }

    // A rotated venue key, sealed to this phone and signed by the kiosk.
    function takeKey(full, wire) {
        const place = { venue: m.venue, kiosk: m.kiosk, topic: full };
        const text = JSON.parse(openWelcome(sodium, place, keys.ownPublic, keys.own, keys.kiosk, wire));
        if (text.kind !== 'rotate' || !/^[0-9a-f]{64}$/.test(text.venue_key)) {
            throw new Refused('malformed');
        }
        keys.venue = fromHex(text.venue_key);
        store.addMembership({ ...m, venueKey: text.venue_key });
    }

    function send(topic, text, signer, expiry) {
        const wire = sealLetter(sodium, { venue: m.venue, kiosk: m.kiosk, topic }, keys.kiosk,
            signer, text);
        return Promise.any(links.map((l) => l.publish(topic, wire, expiry)));
    }

    return {
        membership: m,
        kiosk: () => kiosk,
        change: (next) => {
            kiosk = next;
        },
        links: () => links.map((l) => l.status()),
        connected: () => links.some((l) => l.status() === 'up'),
        async answer(kind) {
            await send(name('ack', m.account),
                writeAnswer({ kind, id: kiosk.id, account: m.account }), null, 3600);
            kiosk = { ...kiosk, answered: kind };
        },
        // A staff phone's command: signed, naming the kiosk's nonce, which it uses up. All-clear
        // carries this phone's own word besides, which the kiosk can hand on but not make.
        async command(kind) {
            if (kiosk.nonce === null) {
                throw new Error('noNonce');
            }
            const { id, looked, nonce } = kiosk;
            const c = { id, ...looked, account: m.account };
            const proof = kind === 'all-clear' && id !== null ?
                signClear(sodium, m.venue, m.kiosk, c, keys.own) : undefined;
            await send(name('command', m.account),
                writeAnswer({ ...c, kind: `command-${kind}`, nonce, proof }), keys.own, 60);
        },
        hurry: () => links.forEach((l) => l.hurry()),
        close: () => links.forEach((l) => l.close()),
    };
}
