// One membership alive: links to every broker, the guard, and the kiosk's picture. It opens what
// comes, refuses what is not fresh or not the kiosk's, and says what this phone answers.

import { fromHex } from './bytes.js';
import { looksPlain, open, openWelcome, Refused, sealLetter } from './envelope.js';
import { freshMarks, judge, STREAM } from './guard.js';
import { openLink } from './link.js';
import { readMessage, writeAnswer } from './message.js';
import { MEMBER_READS, parseTopic, STAFF_READS, topicName } from './topics.js';
import { kioskConnected, kioskHeard, kioskInit } from './view.js';

// now(): steady milliseconds. onChange() after anything that may change the picture;
// onRefused(reason) for what must be said.
export function openSession({ mqtt, sodium, store, membership: m, now, onChange, onRefused }) {
    let kiosk = { ...kioskInit(now()), retired: store.isRetired(m.kiosk) };
    let marks = store.marks(m.kiosk) ?? freshMarks();
    const keys = { venue: fromHex(m.venueKey), kiosk: fromHex(m.kioskPublic),
        own: fromHex(m.secret), ownPublic: fromHex(m.public), root: fromHex(m.rootPublic) };
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
            const opened = openBroadcast(full, topic, wire);
            const message = readMessage(opened.text, topic.name, opened);
            take(topic.name, message, delivery, heard);
        } catch (error) {
            if (!(error instanceof Refused)) {
                throw error;
            }
            onRefused(error.reason);
        }
        onChange();
    }

    function openBroadcast(topicFull, topic, wire) {
        const place = { venue: m.venue, kiosk: m.kiosk, topic: topicFull };
        try {
            return open(sodium, place, keys.venue, keys.kiosk, wire);
        } catch (error) {
            // The root key may sign one thing in the kiosk's stead: that it is retired.
            if (error.reason === 'forged' && topic.name === 'presence') {
                const opened = open(sodium, place, keys.venue, keys.root, wire);
                if (JSON.parse(opened.text).kind === 'retired') {
                    store.retire(m.kiosk);
                    kiosk = { ...kiosk, retired: true };
                    onChange();
                }
            }
            throw error;
        }
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
        if (result.verdict === 'new') {
            marks = result.marks;
            store.setMarks(m.kiosk, marks);
        }
        kiosk = kioskHeard(kiosk, topic, message, delivery.retained, now());
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
            await send(name('ack', m.account), writeAnswer(kind, kiosk.id, m.account), null, 3600);
            kiosk = { ...kiosk, answered: kind };
        },
        // A staff phone's command: signed, naming the kiosk's nonce, which it uses up.
        async command(kind) {
            if (kiosk.nonce === null) {
                throw new Error('noNonce');
            }
            const text = JSON.parse(writeAnswer(`command-${kind}`, kiosk.id, m.account, kiosk.nonce));
            await send(name('command', m.account),
                JSON.stringify({ ...text, key: m.public, certificate: m.certificate }), keys.own, 60);
        },
        hurry: () => links.forEach((l) => l.hurry()),
        close: () => links.forEach((l) => l.close()),
    };
}
