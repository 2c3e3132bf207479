// The members' page: memberships from the store, a session for each, one picture of them all.

import sodium from 'libsodium-wrappers';
import mqtt from 'mqtt';
import { pictureOf, worstOf } from '../core/picture.js';
import { openSession } from '../core/session.js';
import { openStore } from '../core/store.js';
import { call, unlockSound } from './alarm.js';
import { drawLink, drawNotices, drawRefused, drawState, setText } from './draw.js';
import { makeHold } from './hold.js';
import { openJoin, takeFragment } from './join.js';
import { openSettings } from './settings.js';
import { pickLanguage, speak } from './words.js';

const $ = (id) => document.getElementById(id);
const COMMANDS = { lockdown: 'doLockdown', caution: 'doCaution', 'all-clear': 'doAllClear',
    drill: 'doDrill', abort: 'doAbort' };
const COMMAND_HOLD = 1500;
const TICK = 1000;
const URGENT = ['lockdown', 'caution', 'duress', 'drill', 'lost'];

const language = pickLanguage(navigator.languages ?? ['en']);
const word = speak(language);
const store = openStore(localStorage);
let sessions = [];
let refused = { count: 0, reason: null };
let elsewhere = false;
let before = []; // the faces last drawn

const now = () => performance.now();

const pictures = () => sessions.map((s) =>
    pictureOf(s.view(), s.facts(), s.membership.staff, now()));

function render() {
    const joined = sessions.length > 0;
    $('open-settings').hidden = !joined;
    if (!joined || !$('settings').hidden || !$('join').hidden) {
        return;
    }
    $('state').hidden = false;
    const staff = sessions.some((s) => s.membership.staff);
    const all = pictures();
    drawState(all[worstOf(all)], all, word);
    drawNotices(staff ? sessions.flatMap((s) => s.facts().notices) : [], word);
    drawRefused(refused.count, refused.reason, word);
    drawStaff(staff);
    const links = sessions.flatMap((s) => s.links());
    if (elsewhere) {
        setText($('link'), word('elsewhere'));
    } else {
        drawLink(links.filter((l) => l === 'up').length, links.length, word);
    }
}

// A call for what a message told, and for a kiosk that fell silent while this page listened.
function changed(told) {
    const all = pictures();
    const silent = all.some((p, i) => p.face === 'lost' && before[i] && before[i] !== 'lost');
    before = all.map((p) => p.face);
    if (told || silent) {
        const urgent = URGENT.includes(all[worstOf(all)].face);
        setText($('said'), '');
        call(urgent, word);
        if (urgent && $('state').hidden) {
            show('state');
        }
    }
    render();
}

function onRefused(reason) {
    refused = { count: refused.count + 1, reason };
}

function start() {
    sessions.forEach((s) => s.close());
    sessions = store.memberships().map((membership) => openSession({ mqtt, sodium, store,
        membership, now, wall: Date.now, onChange: changed, onRefused }));
    $('join').hidden = sessions.length > 0;
    if (sessions.length > 0) {
        openSettings({ word, store, push: sessions[0].membership.push, onForgotten,
            onAnother: () => show('join') });
    }
    render();
}

function show(id) {
    for (const part of ['state', 'answers', 'staff', 'join', 'settings']) {
        $(part).hidden = part !== id;
    }
    if (id === 'state') {
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
    if (sent.some((r) => r.status === 'rejected')) {
        setText($('said'), word('notSent'));
    }
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
    const sent = await Promise.allSettled(mine.map((s) => s.command(kind)));
    const failed = sent.find((r) => r.status === 'rejected');
    setText($('staff-said'), word(!failed ? 'sent' :
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
        render();
    });
}

async function main() {
    document.documentElement.lang = language;
    document.documentElement.dir = word('dir');
    document.title = word('name');
    const fragment = takeFragment();
    navigator.serviceWorker?.register('sw.js');
    await sodium.ready;
    const join = openJoin({ mqtt, sodium, word, joined(membership) {
        store.addMembership(membership);
        show('state');
        start();
    } });
    takeTurn(start);
    if (fragment) {
        show('join');
        join.offer(fragment);
    }
    $('seen').onclick = () => answer('seen');
    $('safe').onclick = () => answer('safe');
    $('open-settings').onclick = () => show('settings');
    $('close-settings').onclick = () => show('state');
    addEventListener('pointerdown', unlockSound, { once: true });
    addEventListener('keydown', unlockSound, { once: true });
    const hurry = () => document.visibilityState === 'visible' && sessions.forEach((s) => s.hurry());
    addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    setInterval(() => changed(false), TICK);
}

main();
