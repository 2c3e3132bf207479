// One membership alive: links to every broker, and what is believed of the kiosk. It opens what
// comes, refuses what is not fresh or not the kiosk's, and says what this phone answers.

import { fromHex, toBase64Url, toHex } from './bytes.js';
import { readProof, signClear } from './cert.js';
import { looksPlain, open, openClear, openWelcome, Refused, sealLetter } from './envelope.js';
import { factsAgain, factsChosen, factsFrom, factsReceived, factsKeep, factsNoted, factsTold } from './facts.js';
import { freshnessAsk, freshnessForget } from './freshness.js';
import { readPiece, takePiece } from './host_words.js';
import { openLink } from './link.js';
import { readMessage, readObject, writePing, readBoxed, writeAgain, writeAnswer,
    writeSubscribed } from './message.js';
import { hashOfAuth, isGone, readGone, readOffer, writeAsk } from './offer.js';
import { readRootWord } from './root_word.js';
import { checkStaff, openBox } from './staff_box.js';
import { MEMBER_READS, parseTopic, STAFF_READS, topicName } from './topics.js';
import { RULES, viewFrom, viewKeep, viewKind, viewLink, viewRoot, viewStep, viewWantsPing } from './view.js';

const NONCE_RESTS = 5000; // ms: the kiosk says the next one at once; else the command was lost
const CLEAR = ['beat', 'presence']; // signed and not sealed
// Kept beside the newest, should a change of keys have stopped halfway, or somebody send an older letter again.
const OLDER_KEYS = 8;

const PIECES_TAKE = 2000; // ms: what a broker keeps comes at once
const SLEPT = 3000; // ms by which the steady clock may fall behind the other before it is distrusted
const AHEAD = 5000; // ms: a date further ahead says that one of the clocks is wrong

// now(): steady milliseconds; wall(): milliseconds since 1970; clockRight(): whether a date may be
// compared with it. onChange(rings): something may look different; rings: the phone should call.
// onRefused(reason): what must be said. onDenied(reason): the kiosk refused this staff phone's command.
// onGone(isMeant): a relay says that a push service no longer takes the addresses that are meant.
export function openSession({ mqtt, sodium, store, membership: m, now, wall,
    clockRight = () => false, onChange, onRefused, onDenied = () => {}, onGone = () => {} }) {
    let view = viewFrom(store.kept(m.kiosk), now());
    let apart = wall() - now();
    let facts = factsFrom(store.night(m.kiosk), view.alert?.id ?? null, now(), wall());
    let words = store.words(m.kiosk); // the host's own
    let coming = null; // pieces of newer ones
    let offer = null; // a relay's, judged
    let used = { nonce: null, at: 0 }; // by this phone's last command
    let inUse = m.inUse ?? m.venueKey; // under which the newest message came: no letter pushes it out
    let asked = null; // the nonce of the command that the kiosk may still refuse
    const keys = { venue: fromHex(m.venueKey), older: (m.olderKeys ?? []).map(fromHex),
        kiosk: fromHex(m.kioskPublic), own: fromHex(m.secret), ownPublic: fromHex(m.public),
        root: fromHex(m.rootPublic) };
    const name = (t, account) => topicName(m.venue, m.kiosk, t, account);
    // Keys first, so that no message arrives before the key that opens it.
    const topics = [name('enrol', m.account), name('answer', m.account)]
        .concat((m.staff ? STAFF_READS : MEMBER_READS).map((t) => name(t)));

    // Some brokers (RabbitMQ) give what they keep for exact names alone. There the first piece says how
    // many there are; elsewhere all have come by then.
    const pieceName = (n) => `${name('words')}/${n.toString(16).padStart(16, '0')}`;
    const askForPieces = (link) => link.wish(Array.from({ length: coming?.pieces ?? 0 }, (_, n) => n)
        .filter((n) => !(n in coming.got)).map(pieceName));

    const hasLink = (which) => links.some((l) => which.includes(l.status()));
    const helped = new Set(); // brokers that refuse this phone, as the kiosk knows already
    const links = m.brokers.map((url) => {
        const newest = { epoch: 0, seqs: {} }; // the highest from this broker, by topic
        const link = openLink(mqtt, {
            url, account: m.account, password: m.password, topics, ping: name('alert'),
            wishes: [`${name('words')}/+`, pieceName(0)],
            onMessage: (topic, wire, delivery) => {
                receive(topic, wire, delivery, newest);
                if (topic === pieceName(0) && coming !== null) {
                    setTimeout(askForPieces, PIECES_TAKE, link);
                }
            },
            onChange: () => {
                view = viewLink(view, hasLink(['up', 'asked']), now());
                onTheWay = null;
                comeBack();
                onChange(false);
            },
        });
        return link;
    });

    // A broker that was away while this phone joined may not know it; the kiosk, which keeps no
    // password, gets it again through another.
    function askWhereRefused() {
        links.forEach((l, i) => {
            if (l.status() !== 'refused' || helped.has(i) ||
                !links.some((other) => other.status() === 'up')) {
                return;
            }
            helped.add(i);
            send(name('ack', m.account), writeAgain(m.account, m.password, m.brokers[i]),
                600).catch(() => helped.delete(i));
        });
    }

    // An answer that cannot reach the kiosk waits as long as that alert is active. Sent twice,
    // it counts once.
    let onTheWay = null;
    async function tell(kind) {
        const said = { kind, id: facts.id, number: facts.number, epoch: facts.epoch };
        const text = JSON.stringify(said);
        if (said.kind === null || onTheWay === text) {
            return;
        }
        onTheWay = text;
        try {
            await send(name('ack', m.account), writeAnswer({ kind: said.kind, id: said.id,
                seq: said.number, account: m.account }), 3600);
            facts = factsTold(facts, said);
            keepNight();
            onChange(false);
        } finally {
            onTheWay = onTheWay === text ? null : onTheWay;
        }
    }

    const tellWaiting = () => tell(facts.waiting);

    // What a kiosk forgot when it restarted.
    let later = null; // to which alert
    function tellAgain() {
        const { id } = facts;
        const wait = factsAgain(facts, Math.random());
        if (wait === null || later === id || view.state === 'quiet') {
            return;
        }
        later = id;
        setTimeout(() => {
            if (later !== id) {
                return;
            }
            later = null;
            if (factsAgain(facts, 0) !== null && view.state !== 'quiet') {
                tell(facts.answered).catch(() => {});
            }
        }, wait);
    }

    // There is a way to the kiosk again, perhaps.
    function comeBack() {
        askWhereRefused();
        tellWaiting().catch(() => {});
        tellAgain();
    }

    function receive(full, wire, delivery, newest) {
        try {
            onChange(read(full, wire, delivery, newest));
        } catch (error) {
            if (!(error instanceof Refused)) {
                throw error;
            }
            onRefused(error.reason);
            onChange(false);
        }
    }

    // Whether it deserves a call. Throws Refused.
    function read(full, wire, delivery, newest) {
        const topic = parseTopic(full);
        if (topic?.name === 'enrol') {
            return takeKey(full, wire);
        }
        if (topic?.name === 'answer') {
            return takeAnswer(full, wire);
        }
        if (wire.length === 0 && (delivery.retained || topic?.name === 'words')) {
            return false;
        }
        if (topic?.name === 'push' && isGone(wire)) {
            if (offer !== null) {
                onGone(readGone(sodium, m.venue, offer.key, wire));
            }
            return false;
        }
        if (topic?.name === 'push') {
            offer = readOffer(sodium, m.venue, keys.root, wire);
            return false;
        }
        if (looksPlain(wire)) {
            throw new Refused('plain');
        }
        if (topic?.name === 'root') {
            return takeRoot(wire);
        }
        const place = { venue: m.venue, kiosk: m.kiosk, topic: full };
        if (topic?.name === 'words') {
            return takeWords(place, wire, topic.account);
        }
        if (topic?.name === 'notice' || topic?.name === 'staff') {
            return readBox(topic.name, place, wire, delivery, newest);
        }
        const opened = CLEAR.includes(topic.name) ?
            openClear(sodium, place, keys.kiosk, wire) : openAny(place, wire);
        const message = readMessage(opened.text, topic.name, opened);
        return message.kind !== 'nothing' && take(topic.name, message, delivery, newest, opened.key);
    }

    function takeWords(place, wire, number) {
        const opened = openAny(place, wire);
        const piece = readPiece(opened.text, opened);
        if (piece.piece !== Number.parseInt(number, 16)) {
            throw new Refused('malformed');
        }
        const before = words;
        [words, coming] = takePiece(words, coming, piece);
        if (words !== before) {
            store.keepWords(m.kiosk, words);
        }
        return false;
    }

    // What the root key says of this kiosk, for good.
    function takeRoot(wire) {
        const said = readRootWord(sodium, m.venue, m.kiosk, keys.root, wire);
        if (said === null) {
            throw new Refused('forged');
        }
        const [verdict, next] = viewRoot(view, said, toHex(keys.kiosk), now());
        view = next;
        store.keep(m.kiosk, viewKeep(view, now()));
        return verdict === 'told';
    }

    // A box for other staff phones is no fault: this one may be newer than what was pressed. With
    // cover, a notice that says nothing fills a gap.
    function readBox(topic, place, wire, delivery, newest) {
        const found = checkStaff(sodium, place, keys.kiosk, wire);
        const text = openBox(sodium, place, keys.ownPublic, keys.own, found.box);
        const message = text === null ? null : readBoxed(text, topic, found);
        return message !== null && (topic === 'staff' || message.kind !== 'nothing') &&
            take(topic, message, delivery, newest);
    }

    function take(topic, message, delivery, newest, key) {
        const proved = message.proof &&
            readProof(sodium, m.venue, m.kiosk, keys.root, message.proof);
        const word = { message, retained: delivery.retained, wallAge: wallAge(message), proved };
        const [verdict, next] = viewStep(view, word, m, now());
        const was = viewKind(view);
        view = next;
        store.keep(m.kiosk, viewKeep(view, now()));
        const twice = cameTwice(topic, message, delivery, newest);
        if (verdict === 'old' || (verdict === 'repeated' && twice)) {
            // Late by another broker, or kept by this one, is no attack; sent twice here is.
            if (twice) {
                throw new Refused('old');
            }
            return false;
        }
        if (verdict !== 'disowned' && verdict !== 'late') {
            inUse = key ?? inUse;
            const age = wallAge(message);
            facts = factsReceived(facts, message, now(), age);
            if (viewKind(view) !== was && (view.state !== 'quiet' || was !== 'quiet')) {
                facts = factsNoted(facts, viewKind(view), wall() - Math.max(0, age));
            }
            keepNight();
        }
        if (!delivery.retained && message.kind !== 'lost') {
            comeBack();
        }
        return verdict === 'told' || verdict === 'late';
    }

    // Only as long as it is active.
    function keepNight() {
        store.keepNight(m.kiosk, view.state === 'quiet' || view.drill ? undefined :
            factsKeep(facts, now(), wall()));
    }

    // By the dates of two clocks that are right; -1: they are not known to be.
    function wallAge(message) {
        if (!message.synced || message.at === null || !clockRight()) {
            return -1;
        }
        const age = wall() - Date.parse(message.at);
        return age >= -AHEAD ? Math.max(0, age) : -1; // NaN too: digits that are no date
    }

    // Asks the kiosk how old its messages are, where that is not known.
    function askAge() {
        if (Math.abs(wall() - now() - apart) > SLEPT) {
            view = { ...view, fresh: freshnessForget(view.fresh) };
        }
        apart = wall() - now();
        if (!viewWantsPing(view, RULES, m, now())) {
            return;
        }
        const nonce = toHex(sodium.randombytes_buf(8));
        view = { ...view, fresh: freshnessAsk(view.fresh, nonce, now()) };
        send(name('ack', m.account), writePing(nonce, view.epoch), 60).catch(() => {});
    }

    // Whether this broker brought this message, or a later one of its topic, before.
    function cameTwice(topic, message, delivery, newest) {
        if (delivery.retained || delivery.dup || message.kind === 'lost') {
            return false;
        }
        if (message.epoch > newest.epoch) {
            newest.epoch = message.epoch;
            newest.seqs = {};
        }
        const twice = message.epoch < newest.epoch || message.seq <= (newest.seqs[topic] ?? -1);
        newest.seqs[topic] = Math.max(newest.seqs[topic] ?? -1, message.seq);
        return twice;
    }

    // While the venue changes keys, brokers still hold what was sealed under the older one. Who said
    // it shows in the signature either way.
    function openAny(place, wire) {
        for (const key of keys.older) {
            try {
                return { ...open(sodium, place, key, keys.kiosk, wire), key: toHex(key) };
            } catch (error) {
                if (!(error instanceof Refused)) {
                    throw error;
                }
            }
        }
        return { ...open(sodium, place, keys.venue, keys.kiosk, wire), key: m.venueKey };
    }

    // Why the kiosk refused this phone's last command. An older one's answer says nothing any more.
    function takeAnswer(full, wire) {
        const text = readObject(openWelcome(sodium, { venue: m.venue, kiosk: m.kiosk, topic: full },
            keys.ownPublic, keys.own, keys.kiosk, wire));
        if (text.kind === 'refused' && text.nonce === asked) {
            asked = null; // each broker brings it
            onDenied(text.reason);
        }
        return false;
    }

    // A rotated venue key, sealed to this phone and signed by the kiosk.
    function takeKey(full, wire) {
        if (wire.length === 0) {
            return false; // taken away again
        }
        const place = { venue: m.venue, kiosk: m.kiosk, topic: full };
        const text = readObject(openWelcome(sodium, place, keys.ownPublic, keys.own, keys.kiosk,
            wire));
        if (text.kind === 'refused' && text.reason === 'copied') {
            throw new Refused('copied'); // another phone has tried this phone's invitation
        }
        if (['welcome', 'confirm', 'refused'].includes(text.kind)) {
            return false; // sent twice, since this phone asked twice
        }
        if (text.kind !== 'rotate' || typeof text.venue_key !== 'string' ||
            !/^[0-9a-f]{64}$/.test(text.venue_key)) {
            throw new Refused('malformed');
        }
        if (text.venue_key !== m.venueKey) {
            const others = [m.venueKey, ...m.olderKeys ?? []].filter((key) => key !== text.venue_key);
            m = { ...m, venueKey: text.venue_key, inUse,
                olderKeys: [...others.filter((key) => key === inUse), ...others.filter((key) => key !== inUse)]
                    .slice(0, OLDER_KEYS) };
            keys.venue = fromHex(m.venueKey);
            keys.older = m.olderKeys.map(fromHex);
            store.renew(m);
        }
        return false;
    }

    // Always signed: nobody else can say it in this phone's name.
    function send(topic, text, expiry, to = keys.kiosk) {
        const wire = sealLetter(sodium, { venue: m.venue, kiosk: m.kiosk, topic }, to, keys.own,
            text);
        return Promise.any(links.map((l) => l.publish(topic, wire, expiry)));
    }

    return {
        membership: m,
        // Nothing is quiet while no connection has answered since the phone woke.
        view: () => (view.linked && !hasLink(['up']) ? { ...view, linked: false } : view),
        facts: () => facts,
        words: () => words,
        links: () => links.map((l) => l.status()),
        // Rejects where there is no way to the kiosk; it is sent all the same once there is.
        answer(kind) {
            facts = factsChosen(facts, kind);
            keepNight();
            return tellWaiting();
        },
        // The phone's own report, in a drill: it rang while nobody looked at it.
        rang: () => send(name('ack', m.account),
            writeAnswer({ kind: 'rang', id: facts.id, account: m.account }), 3600),
        offer: () => offer,
        // To the relay: 'subscribe', 'unsubscribe' or 'test'.
        ask: (kind, fields) => send(name('wake', m.account), writeAsk(kind, m.account, fields),
            600, offer.key),
        // To the kiosk: this subscription is this phone's own, whoever else asks in its name.
        sayOwn: (auth) => send(name('ack', m.account),
            writeSubscribed(m.account, hashOfAuth(sodium, auth)), 600),
        // With which account the service worker reports that a test has arrived.
        reporter: () => ({ venue: m.venue, account: m.account, password: m.password,
            brokers: m.brokers, topic: name('wake', m.account) }),
        // Its report, by this connection.
        pass: (topic, wire) => Promise.any(links.map((l) => l.publish(topic, wire, 600))),
        // A staff phone shows the relay that it is one: it is woken for codes and duress too.
        showStaff: () => (m.staff && m.certificate ?
            send(name('wake', m.account), writeAsk('staff', m.account, {
                public: toBase64Url(keys.ownPublic),
                certificate: toBase64Url(fromHex(m.certificate)) }), 600, offer.key) :
            Promise.resolve()),
        // A staff phone's command: signed, naming the kiosk's nonce, which it uses up. All-clear
        // also carries this phone's own proof, which the kiosk can pass on but not make.
        async command(wanted) {
            const { looked, nonce } = facts;
            // The end of a drill proves nothing: a proof of it would end older lockdowns too.
            const kind = wanted === 'all-clear' && view.state !== 'quiet' && view.drill ?
                'abort' : wanted;
            if (nonce === null || (nonce === used.nonce && now() - used.at < NONCE_RESTS)) {
                throw new Error('noNonce');
            }
            // In quiet something may have been pressed at the door: the state names it.
            const id = view.state === 'quiet' ? looked.id : view.alert?.id ?? facts.id;
            const c = { ...looked, id, account: m.account };
            const proof = kind === 'all-clear' && c.id !== null ?
                signClear(sodium, m.venue, m.kiosk, c, keys.own) : undefined;
            asked = nonce;
            await send(name('command', m.account),
                writeAnswer({ ...c, kind: `command-${kind}`, nonce, proof }), 60);
            used = { nonce, at: now() };
        },
        tick: askAge, // once a second
        // `slept`: nothing ran for a while, so that a kiosk's silence meanwhile says nothing.
        wake(networkChanged, slept) {
            links.forEach((l) => l.wake(networkChanged));
            if (slept && hasLink(['asked'])) {
                view = viewLink(viewLink(view, false, now()), hasLink(['up', 'asked']), now());
            }
        },
        close() {
            clearTimeout(later);
            links.forEach((l) => l.close());
        },
    };
}
