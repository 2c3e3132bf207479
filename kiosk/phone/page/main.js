// The members' page: memberships from the store, a session for each, one picture of them all. What is
// known is shown, and the form to join, before the two large libraries are there: a slow phone needs
// seconds for them.

import { clockIsRight } from '../core/clock.js';
import { factsInit } from '../core/facts.js';
import { answersOf, pictureOf, worstOf } from '../core/picture.js';
import { openSession } from '../core/session.js';
import { openStore } from '../core/store.js';
import { viewFrom } from '../core/view.js';
import { call, unlockSound } from './alarm.js';
import { drawAnswers, drawLink, drawNotices, drawRefused, drawState, setText } from './draw.js';
import { makeHold } from './hold.js';
import { openJoin, takeFragment } from './join.js';
import { openRing } from './ring.js';
import { openSettings } from './settings.js';
import { canWake, collectRings, isOffered, renew, takeBack, watchRings } from './wake.js';
import { pickLanguage, speak } from './words.js';

const libraries = (async () => {
    const [{ default: sodium }, { default: mqtt }] =
        await Promise.all([import('libsodium-wrappers'), import('mqtt')]);
    await sodium.ready;
    return { sodium, mqtt };
})();

const $ = (id) => document.getElementById(id);
const COMMANDS = { lockdown: 'doLockdown', caution: 'doCaution', 'all-clear': 'doAllClear',
    drill: 'doDrill', abort: 'doAbort' };
const COMMAND_HOLD = 1500;
const TICK = 1000;
const CLOCK_AGAIN = 1800000; // ms: how often the phone's clock is compared with the server's
const RANG_AGAIN = 5000; // ms until what did not get through is said again
const RENEW_AGAIN = 20000; // ms until a relay that was away is asked again
const RING_COUNTS = 900000; // ms: a wake-up that came longer ago was not this drill's
const URGENT = ['lockdown', 'caution', 'duress', 'drill', 'lost'];

const language = pickLanguage(navigator.languages ?? ['en']);
const word = speak(language);
const store = openStore(localStorage);
let sessions = [];
let refused = { count: 0, reason: null };
let elsewhere = false;
let before = []; // the faces last drawn
let denied = null; // why a kiosk refused the last command, if one did
let clockRight = false; // the server agrees with it
let stuck = false; // the answer waits for a way to the kiosk
let fresh = false; // joined just now: the ring's test is offered
let rung = null; // when a wake-up last came to this page while it was hidden
const told = new Set(); // drills whose kiosk knows that this phone rang
const renewed = new Set(); // sessions whose relay has the subscription

const now = () => performance.now();

const pictures = () => sessions.map((s) =>
    pictureOf(s.view(), s.facts(), s.membership.staff, now()));

function render() {
    const joined = sessions.length > 0;
    $('open-settings').hidden = !joined;
    if (!$('ring').hidden) {
        ring.draw();
    }
    if (!joined || !$('settings').hidden || !$('join').hidden ||
        !$('ring').hidden) {
        return;
    }
    $('state').hidden = $('news').hidden = false;
    const staff = sessions.some((s) => s.membership.staff);
    const all = pictures();
    drawState(all[worstOf(all)], all, word);
    drawAnswers(answersOf(all), stuck, word);
    drawNotices(staff ? sessions.flatMap((s) => s.facts().notices) : [], word);
    drawRefused(refused.count, refused.reason, word);
    drawStaff(staff && !elsewhere);
    const links = sessions.flatMap((s) => s.links());
    if (elsewhere) {
        setText($('link'), word('elsewhere'));
    } else {
        drawLink(links.filter((l) => l === 'up').length, links.length, word);
    }
}

// Calls for what a message said, and for a kiosk that fell silent while this page was open.
function changed(news) {
    const all = pictures();
    const silent = all.some((p, i) => p.face === 'lost' && before[i] && before[i] !== 'lost');
    before = all.map((p) => p.face);
    if (news || silent) {
        const urgent = URGENT.includes(all[worstOf(all)].face);
        stuck = false;
        call(urgent, word);
        if (urgent && $('state').hidden) {
            show('state');
        }
    }
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
        renew(sessions).catch(() => setTimeout(() => open.forEach((s) => renewed.delete(s)),
            RENEW_AGAIN));
    }
    if (fresh && isOffered(sessions) && canWake() && !$('state').hidden &&
        all[worstOf(all)].face === 'quiet') {
        fresh = false;
        show('ring');
    }
}

function onRang(rang) {
    ring.heard(rang);
    if (rang.hidden && !rang.test) {
        rung = Math.max(rung ?? 0, rang.at);
        changed(false);
    }
}

const ring = openRing({ word, sessions: () => sessions, onClose: () => show('state'),
    push: () => sessions[0]?.membership.push ?? null });

function onRefused(reason) {
    refused = { count: refused.count + 1, reason };
}

const DENIED = { replayed: 'deniedReplayed', stale: 'deniedStale' };

function onDenied(reason) {
    denied = DENIED[reason] ?? 'denied';
    setText($('staff-said'), word(denied));
}

// A membership before its session: what the phone has kept of the kiosk, and no connection.
function asleep(membership) {
    const facts = factsInit();
    const view = viewFrom(store.kept(membership.kiosk));
    const silent = () => Promise.reject(new Error('no connection'));
    return { membership, view: () => view, facts: () => facts, offer: () => null, answer: silent,
        links: () => membership.brokers.map(() => 'down'), command: silent, rang: silent,
        tick: () => {}, hurry: () => {}, close: () => {} };
}

async function start() {
    sessions.forEach((s) => s.close());
    sessions = store.memberships().map(asleep);
    const mine = sessions;
    $('join').hidden = sessions.length > 0;
    if (sessions.length > 0) {
        openSettings({ word, store, onForget: () => sessions.forEach((s) => s.close()), onForgotten,
            onAnother: () => show('join'),
            onRing: () => show('ring'), takeBack: () => takeBack(sessions) });
    }
    render();
    const { mqtt, sodium } = await libraries;
    if (mine !== sessions || elsewhere) {
        return; // forgotten, restarted, or another window's turn meanwhile
    }
    sessions = mine.map(({ membership }) => openSession({ mqtt, sodium, store, membership, now,
        wall: Date.now, clockRight: () => clockRight, onChange: changed, onRefused, onDenied }));
    render();
}

function show(id) {
    for (const part of ['state', 'answers', 'news', 'staff', 'join', 'ring', 'settings']) {
        $(part).hidden = part !== id;
    }
    if (id === 'join') {
        setText($('join-said'), '');
    }
    if (id === 'state' || id === 'ring') {
        render();
    }
}

function onForgotten() {
    sessions.forEach((s) => s.close());
    sessions = [];
    delete document.body.dataset.face;
    show('join');
    setText($('join-said'), word('forgotten'));
    setText($('link'), '');
    $('open-settings').hidden = true;
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

// Two windows with one account would take the connection from each other: the newest has it.
function takeTurn(begin) {
    if (!navigator.locks) {
        begin();
        return;
    }
    navigator.locks.request('kettle', { steal: true }, () => {
        begin();
        return new Promise(() => {});
    }).catch(() => {
        elsewhere = true;
        sessions.forEach((s) => s.close());
        sessions = store.memberships().map(asleep); // it receives nothing more, and must not call for it
        render();
    });
}

async function checkClock() {
    clockRight = await clockIsRight((...all) => fetch(...all), './', Date.now);
}

function main() {
    document.documentElement.lang = language;
    document.documentElement.dir = word('dir');
    document.title = word('name');
    const fragment = takeFragment();
    watchRings(onRang);
    navigator.serviceWorker?.register('sw.js');
    const join = openJoin({ libraries, word, known: () => store.memberships(), joined(membership) {
        store.addMembership(membership);
        fresh = true;
        show('state');
        start();
    } });
    takeTurn(start);
    if (fragment === '#rang') { // a tap on the push app's notification
        onRang({ at: Date.now(), hidden: true, test: false });
    } else if (fragment) {
        show('join');
        join.offer(fragment);
    }
    $('seen').onclick = () => answer('seen');
    $('safe').onclick = () => answer('safe');
    $('open-settings').onclick = () => show('settings');
    $('close-settings').onclick = () => show('state');
    addEventListener('pointerdown', unlockSound, { once: true });
    addEventListener('keydown', unlockSound, { once: true });
    const hurry = () => {
        if (document.visibilityState === 'visible') {
            checkClock();
            sessions.forEach((s) => s.hurry());
            collectRings(onRang);
        }
    };
    addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    setInterval(() => {
        sessions.forEach((s) => s.tick());
        changed(false);
    }, TICK);
    setInterval(checkClock, CLOCK_AGAIN);
    checkClock();
    collectRings(onRang);
}

main();
