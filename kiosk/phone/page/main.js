// The members' page: memberships from the store, a session for each, one picture of them all. What is
// known is shown, and the form to join, before anything else is begun: a slow phone needs seconds for
// the two large libraries.

import { compareClock } from '../core/clock.js';
import { factsFrom } from '../core/facts.js';
import { todoOf } from '../core/host_words.js';
import { healthOf } from '../core/health.js';
import { answersOf, pictureOf, unanswered, worstOf } from '../core/picture.js';
import { repeatInit, repeatStep } from '../core/repeat.js';
import { openSession } from '../core/session.js';
import { openStore } from '../core/store.js';
import { viewFrom } from '../core/view.js';
import { call, canSound, watchSound } from './alarm.js';
import { openArea } from './area.js';
import { makeAwake } from './awake.js';
import { drawAnswers, drawFace, drawHealth, drawLink, drawNotices, drawPhones, drawRefused,
    drawState, setText } from './draw.js';
import { keepFitting } from './fit.js';
import { makeHold } from './hold.js';
import { openJoin, takeFragment } from './join.js';
import { openRing } from './ring.js';
import { openSettings } from './settings.js';
import { drawTodo } from './todo.js';
import { takeTurns } from './turn.js';
import { canWake, collectRings, giveUp, isOffered, isWanted, renew, sayAwake, takeBack,
    watchRings } from './wake.js';
import { loadWords } from './words.js';

const PAINTS_WITHIN = 500; // ms: it may have been hidden meanwhile

// Resolves once the first picture is on the screen; at once in a window that nobody sees, which draws none.
const painted = new Promise((done) => {
    if (document.visibilityState !== 'visible') {
        done();
    }
    requestAnimationFrame(() => setTimeout(done, 0));
    setTimeout(done, PAINTS_WITHIN);
});

const libraries = (async () => {
    await painted;
    const [{ default: sodium }, { default: mqtt }] =
        await Promise.all([import('libsodium-wrappers'), import('mqtt')]);
    await sodium.ready;
    return { sodium, mqtt };
})();

const $ = (id) => document.getElementById(id);
const PARTS = ['state', 'answers', 'news', 'staff', 'join', 'ring', 'settings'];
const COMMANDS = { lockdown: 'doLockdown', caution: 'doCaution', 'all-clear': 'doAllClear',
    drill: 'doDrill', abort: 'doAbort' };
const COMMAND_HOLD = 1500;
const TICK = 1000;
const SLEPT = 4000; // ms between two looks at the clock, which are a second apart
const WAKING = 1000; // ms: one waking is several events
const CLOCK_AGAIN = 1800000; // ms: how often the phone's clock is compared with the server's
const RANG_AGAIN = 5000; // ms until what did not get through is said again
const RENEW_AGAIN = 20000; // ms until a relay that was away, or the browser, is asked again
const RELAY_WITHIN = 10000; // ms in which a relay says that it rings
const RING_COUNTS = 900000; // ms: a wake-up that came longer ago was not this drill's
const URGENT = ['lockdown', 'caution', 'duress', 'drill', 'lost'];

const words = await loadWords(navigator.languages ?? ['en']);
const { word } = words;
const store = openStore(openArea());
let turns = { isMine: () => true, isElsewhere: () => false }; // until windows are asked which of them has the connection
let sessions = [];
let refused = { count: 0, reason: null };
let before = []; // the faces last drawn
let denied = null; // why a kiosk refused the last command, if one did
let clock = { right: false, ahead: null }; // by the server's
let stuck = false; // the answer waits for a way to the kiosk
let fresh = false; // joined just now: the ring's test is offered
let rung = null; // when a wake-up last came to this page while it was hidden
let repeats = repeatInit();
let ringTrouble = null; // why this phone will not ring while it is locked
let ringAsked = 0; // times that the relays were asked about that
let forgotten = false; // "Forget everything" was held here, or in another window
let sounds = true; // whether the page may sound, as far as is known
let startedAt = 0;
let wokeAt = -Infinity;
let lookedAt = Date.now(); // by the wall clock
const awake = makeAwake((venue, id) => sayAwake(sessions, venue, id));
const told = new Set(); // drills whose kiosk knows that this phone rang
const renewed = new Set(); // sessions whose relay has the subscription

const now = () => performance.now();
const showing = () => PARTS.find((part) => ['join', 'ring', 'settings'].includes(part) &&
    !$(part).hidden) ?? 'state';

const pictures = () => sessions.map((s) =>
    pictureOf(s.view(), s.facts(), s.membership.staff, now()));

function render() {
    const joined = sessions.length > 0;
    $('open-settings').hidden = !joined;
    $('join-close').hidden = !joined;
    // A browser that has evicted the keys does not say so: this phone looks like a new one.
    $('join-before').hidden = joined || forgotten;
    if (showing() === 'ring') {
        ring.draw();
    }
    drawHealth(healthOf({ storage: store.unsaved() ? 'full' : joined ? null : store.trouble(),
        clock: clock.ahead, sound: !joined || sounds, ring: joined ? ringTrouble : null }), words,
    show);
    if (!joined || showing() !== 'state') {
        return;
    }
    $('state').hidden = $('news').hidden = false;
    const staff = sessions.some((s) => s.membership.staff);
    const all = pictures();
    drawState(all[worstOf(all)], all, words, { now: now(), wall: Date.now() });
    const worst = sessions[worstOf(all)];
    drawTodo(todoOf(all[worstOf(all)].canAnswer ? worst.view().state : null, worst.membership.staff,
        worst.words(), words.standard, words.language), word);
    $('answers').hidden ||= !turns.isMine();
    drawAnswers(answersOf(all), stuck, word);
    drawNotices(staff ? sessions.flatMap((s) => s.facts().notices) : [], words);
    drawRefused(refused.count, refused.reason, word);
    drawStaff(staff && turns.isMine());
    drawPhones(sessions.filter((s) => s.membership.staff).map((s) => s.facts().counts), word);
    const links = sessions.flatMap((s) => s.links());
    const of = (status) => links.filter((l) => l === status).length;
    if (turns.isElsewhere()) {
        setText($('link'), word('elsewhere'));
    } else if (turns.isMine()) {
        drawLink(of('up'), of('asked'), links.length, word);
    }
}

// Calls for what a message said, for a kiosk that fell silent while this page was open, and again for
// what nobody has answered on this phone.
function changed(news) {
    const all = pictures();
    const silent = all.some((p, i) => p.face === 'lost' && before[i] && before[i] !== 'lost');
    before = all.map((p) => p.face);
    const [again, next] = repeatStep(repeats, turns.isMine() ? unanswered(all) : null,
        news || silent, now());
    repeats = next;
    if (news || silent || again) {
        const urgent = again || URGENT.includes(all[worstOf(all)].face);
        stuck = stuck && again;
        call(urgent, store.choice('sound'), word);
        if (urgent && showing() !== 'state') {
            show('state');
        }
    }
    awake.look(sessions.filter((s, i) => all[i].canAnswer && turns.isMine())
        .map((s) => ({ venue: s.membership.venue, id: s.facts().id })));
    answerRings(all);
    offerRing(all);
    render();
}

// In a drill the kiosk counts the phones that rang: a count, and no more.
function answerRings(all) {
    sessions.forEach((s, i) => {
        const { id } = s.facts();
        if (all[i].drill && id !== null && !told.has(id) && rung !== null &&
            Date.now() - rung < RING_COUNTS) {
            told.add(id);
            s.rang().catch(() => setTimeout(() => told.delete(id), RANG_AGAIN));
        }
    });
}

function offerRing(all) {
    const open = sessions.filter((s) => s.offer() !== null && !renewed.has(s));
    if (open.length > 0) {
        open.forEach((s) => renewed.add(s));
        checkRing(true).catch(() => setTimeout(() => open.forEach((s) => renewed.delete(s)),
            RENEW_AGAIN));
    }
    if (fresh && isOffered(sessions) && canWake() && !$('state').hidden &&
        all[worstOf(all)].face === 'quiet') {
        fresh = false;
        show('ring');
    }
}

// Whether this phone will ring: what the browser dropped is made again, what it refuses is said.
// `asks`: the relays are asked too; else it is looked at alone.
async function checkRing(asks) {
    if (!turns.isMine() || sessions.length === 0 ||
        !await isWanted(sessions, store.choice('ring') === true)) {
        return;
    }
    const mine = asks ? ringAsked += 1 : ringAsked;
    const trouble = await (asks ? renew : lookAtRing)(sessions);
    if (mine !== ringAsked || (!asks && ['gone', 'other'].includes(ringTrouble))) {
        return; // who asked later knows better, whoever is ready first
    }
    if (asks && trouble === 'dropped') {
        setTimeout(() => renewed.clear(), RENEW_AGAIN); // what the browser refused once
    }
    const soon = now() - startedAt < RELAY_WITHIN; // a relay may have it made again
    ringTrouble = !asks && trouble === 'dropped' && soon ? ringTrouble : trouble;
    if (!asks && trouble === 'dropped' && isOffered(sessions)) {
        await checkRing(true);
    }
    render();
}

// A relay says that no wake-up reaches one of this phone's subscriptions any more.
async function onGone(isMeant) {
    if (await giveUp(sessions, isMeant)) {
        await checkRing(true).catch(() => renewed.clear());
    }
}

function onRang(rang) {
    ring.rung(rang);
    awake.forget();
    if (rang.hidden && !rang.test) {
        rung = Math.max(rung ?? 0, rang.at);
        changed(false);
    }
}

const ring = openRing({ words, sessions: () => sessions, onClose: () => show('state'),
    push: () => sessions[0]?.membership.push ?? null,
    onRings() {
        store.choose('ring', true);
        ringTrouble = null;
    } });

function onRefused(reason) {
    refused = { count: refused.count + 1, reason };
}

const DENIED = { replayed: 'deniedReplayed', stale: 'deniedStale' };

function onDenied(reason) {
    denied = Object.hasOwn(DENIED, reason) ? DENIED[reason] : 'denied';
    setText($('staff-said'), word(denied));
}

// A membership before its session: what the phone has kept of the kiosk, and no connection.
function asleep(membership) {
    const view = viewFrom(store.kept(membership.kiosk));
    const facts = factsFrom(store.night(membership.kiosk), view.alert?.id ?? null, now(), Date.now());
    const silent = () => Promise.reject(new Error('no connection'));
    return { membership, view: () => view, facts: () => facts, offer: () => null,
        words: () => store.words(membership.kiosk), answer: silent,
        links: () => membership.brokers.map(() => 'down'), command: silent, rang: silent, pass: silent,
        tick: () => {}, wake: () => {}, close: () => {} };
}

// What is known, without a connection.
function rest() {
    sessions.forEach((s) => s.close());
    store.reload();
    sessions = store.memberships().map(asleep);
    render();
}

function begin() {
    rest();
    if (sessions.length > 0) {
        openSettings({ word, store, onForget: () => sessions.forEach((s) => s.close()), onForgotten,
            onAnother: () => show('join'),
            onRing: () => show('ring'), takeBack: () => takeBack(sessions) });
    } else {
        show('join');
    }
}

async function start() {
    begin();
    const mine = sessions;
    const { mqtt, sodium } = await libraries;
    if (mine !== sessions || !turns.isMine()) {
        return; // forgotten, restarted, or another window's turn meanwhile
    }
    sessions = mine.map(({ membership }) => openSession({ mqtt, sodium, store, membership, now,
        wall: Date.now, clockRight: () => clock.right, onChange: changed, onRefused, onDenied,
        onGone }));
    startedAt = now();
    checkRing(false).catch(() => {});
    setTimeout(() => checkRing(false).catch(() => {}), RELAY_WITHIN);
    render();
}

function show(id) {
    for (const part of PARTS) {
        $(part).hidden = part !== id;
    }
    if (id === 'join') {
        setText($('join-said'), '');
        setText($('join-close'), word('close'));
    }
    render();
}

function onForgotten() {
    sessions.forEach((s) => s.close());
    sessions = [];
    forgotten = true;
    drawFace(undefined);
    show('join');
    setText($('join-said'), word('forgotten'));
    setText($('link'), '');
}

// What another window wrote: it has joined, forgotten everything, or received something.
function onStorage(event) {
    if (event.key !== null && event.key !== 'k1') {
        return;
    }
    if (event.newValue === null) {
        store.forgotten();
        onForgotten();
    } else if (!turns.isMine()) {
        rest();
        if (sessions.length > 0 && showing() === 'join') {
            show('state');
        }
    }
}

async function answer(kind) {
    const all = pictures();
    const asked = sessions.filter((s, i) => all[i].canAnswer);
    const sent = await Promise.allSettled(asked.map((s) => s.answer(kind)));
    stuck = sent.some((r) => r.status === 'rejected');
    render();
}

function drawStaff(staff) {
    $('staff').hidden = !staff;
    if (!staff || $('commands').children.length > 0) {
        return;
    }
    setText($('staff').querySelector('summary'), word('staff'));
    for (const [kind, key] of Object.entries(COMMANDS)) {
        const button = document.createElement('button');
        button.className = 'hold';
        button.dataset.command = kind;
        makeHold(button, word, () => word(key), COMMAND_HOLD, () => command(kind));
        $('commands').append(button);
    }
}

async function command(kind) {
    const mine = sessions.filter((s) => s.membership.staff && !s.view().retired);
    denied = null;
    const sent = await Promise.allSettled(mine.map((s) => s.command(kind)));
    const failed = sent.find((r) => r.status === 'rejected');
    setText($('staff-said'), word(!failed ? denied ?? 'sent' :
        failed.reason.message === 'noNonce' ? 'noNonce' : 'notSent'));
}

async function checkClock() {
    clock = await compareClock((...all) => fetch(...all), './', Date.now);
    render();
}

// Whether nothing ran for a while: in a sleep a steady clock may stand still.
const slept = () => Math.abs(Date.now() - lookedAt) > SLEPT;

// The phone is looked at again, or has a network again: what was believed is asked again.
function wake(networkChanged) {
    sessions.forEach((s) => s.wake(networkChanged, slept()));
    lookedAt = Date.now();
    render();
    if (now() - wokeAt < WAKING) {
        return;
    }
    wokeAt = now();
    checkClock();
    collectRings(onRang);
    checkRing(false).catch(() => {});
}

function tick() {
    if (document.visibilityState === 'visible' && slept()) {
        wake(false);
    }
    lookedAt = Date.now();
    sounds = canSound();
    store.tryAgain();
    sessions.forEach((s) => s.tick());
    changed(false);
}

function watch() {
    const look = () => document.visibilityState === 'visible' && wake(false);
    document.addEventListener('visibilitychange', look);
    document.addEventListener('resume', look);
    for (const name of ['pageshow', 'focus']) {
        addEventListener(name, look);
    }
    for (const name of ['online', 'offline']) {
        addEventListener(name, () => wake(true));
    }
    addEventListener('hashchange', () => follow(takeFragment())); // a link that is opened in this very window
    addEventListener('storage', onStorage);
    navigator.permissions?.query({ name: 'notifications' }).then((permission) => {
        permission.onchange = () => checkRing(true).catch(() => {});
    }, () => {});
    watchSound(() => {
        sounds = canSound();
        render();
    });
    watchRings(onRang, () => checkRing(true).catch(() => {}), (account, topic, wire) =>
        sessions.find((s) => s.membership.account === account).pass(topic, wire));
    setInterval(tick, TICK);
    setInterval(checkClock, CLOCK_AGAIN);
}

// What the address brought: a tap on the push app's notification, or an invitation.
function follow(brought) {
    if (brought === '#rang') {
        onRang({ at: Date.now(), hidden: true, test: false });
    } else if (brought) {
        show('join');
        join.offer(brought);
    }
}

document.documentElement.lang = words.language;
document.documentElement.dir = word('dir');
document.title = word('name');
keepFitting();
const fragment = takeFragment();
const join = openJoin({ libraries, words, store,
    serverNow: async () => {
        await checkClock();
        return clock.ahead === null ? 0 : Date.now() - clock.ahead;
    },
    joined(membership) {
        try {
            store.addMembership(membership);
        } catch {
            // it is kept as soon as there is room; the page says so
        }
        fresh = true;
        show('state');
        start();
    } });
$('seen').onclick = () => answer('seen');
$('safe').onclick = () => answer('safe');
$('help').onclick = () => answer('help');
$('open-settings').onclick = () => show('settings');
$('close-settings').onclick = $('join-close').onclick = () => show('state');
addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && sessions.length > 0 && showing() !== 'state') {
        show('state');
    } else if (e.key === 'Escape') {
        $('staff').open = false;
    }
});
begin();
follow(fragment);
painted.then(() => {
    turns = takeTurns(start, rest);
    watch();
    checkClock();
    collectRings(onRang);
    navigator.serviceWorker?.register('sw.js').catch(() => {}); // a browser that keeps nothing has none
});
