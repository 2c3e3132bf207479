import { writeArrived, publishOnce } from '../core/arrived.js';
import { keptAccount, noteReached, REPORTS } from './report.js';

// The page without a network: its own files as they were built, and nothing that was received.
// A push wakes it with no content, or as a test; what it shows is the same neutral wording for everything.
// When it came, and whether the page was hidden then, is kept in the notification until that is gone.
// A phone with several venues registers it once for each, below ring/: there it only rings.

const CACHE = 'kettle-__BUILD__';
const FILES = __FILES__;
const OLDER = 2; // builds kept for pages that are still open and may load a part of theirs
const HOME = new URL('./', location.href).href;
const CHECK_TAG = 'kettle-check';
const CLOSES_AFTER = 2000; // ms
const PAGE_WITHIN = 3000; // ms
const WINDOWS = { type: 'window', includeUncontrolled: true };

const isHome = () => registration.scope === HOME;

async function keep() {
    const cache = await caches.open(CACHE);
    try {
        await cache.addAll(FILES);
    } catch (error) {
        if (error.name !== 'QuotaExceededError') {
            throw error;
        }
        await caches.delete(CACHE); // a full phone rings all the same
    }
}

addEventListener('install', (e) => {
    e.waitUntil((async () => {
        if (isHome()) {
            await keep();
        }
        await skipWaiting();
    })());
});

addEventListener('activate', (e) => {
    e.waitUntil((async () => {
        if (isHome()) {
            const old = (await caches.keys()).filter((n) => n !== CACHE && n !== REPORTS);
            const open = await clients.matchAll(WINDOWS);
            const over = open.length > 0 ? old.slice(0, -OLDER) : old;
            await Promise.all(over.map((n) => caches.delete(n)));
        }
        await clients.claim();
    })());
});

// Parts have names of their build: an older page finds its own in the older build's cache.
async function answer(request) {
    const how = { ignoreSearch: true };
    const kept = await (await caches.open(CACHE)).match(request, how) ??
        await caches.match(request, how);
    return kept ?? fetch(request);
}

// An invitation that was shared with the page: it goes into the address, where the page takes it, and
// to no server.
async function takeShared(request) {
    const form = await request.formData();
    const text = ['text', 'url', 'title'].map((k) => form.get(k)).find((t) => t) ?? '';
    return Response.redirect(`./#${text.trim().split(/\s+/).at(-1).replace(/^[^#]*#/, '')}`, 303);
}

addEventListener('fetch', (e) => {
    const url = new URL(e.request.url);
    if (url.origin !== location.origin) {
        return;
    }
    if (e.request.method === 'POST' && url.pathname.endsWith('/share')) {
        e.respondWith(takeShared(e.request));
    } else if (e.request.method === 'GET') {
        e.respondWith(answer(e.request));
    }
});

// [name, what a wake-up says, what a silent test says], in the phone's language.
function wording() {
    const all = __WAKE__;
    return all[navigator.languages.map((l) => l.split('-')[0]).find((l) => l in all) ?? 'en'];
}

async function ring(test) {
    const [name, body] = wording();
    const open = await clients.matchAll(WINDOWS);
    const rang = { at: Date.now(), hidden: !open.some((c) => c.visibilityState === 'visible'), test };
    await registration.showNotification(name, { body, tag: 'kettle', renotify: true,
        icon: 'icon-192.png', requireInteraction: true, data: { rang } });
    open.forEach((c) => c.postMessage({ rang }));
}

// Browsers want every push to show something: it makes no sound, and goes by itself.
async function check() {
    const [name, , body] = wording();
    await registration.showNotification(name, { body, tag: CHECK_TAG, silent: true,
        icon: 'icon-192.png', data: { check: true } });
}

async function closeChecks() {
    (await registration.getNotifications({ tag: CHECK_TAG })).forEach((n) => n.close());
}

// Whether that window has sent it; a frozen one says nothing.
function passTo(page, report) {
    return new Promise((done) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => done(true);
        setTimeout(() => done(false), PAGE_WITHIN);
        page.postMessage({ report }, [port2]);
    });
}

// A test has arrived: the relay learns it, by an open page or else by a connection of the worker's own,
// for an account can have one alone.
async function report(nonce) {
    const account = await keptAccount(registration.scope);
    await noteReached(registration.scope);
    if (account === null || nonce === undefined) {
        return;
    }
    const wire = await writeArrived(crypto.subtle, account, nonce);
    for (const page of await clients.matchAll(WINDOWS)) {
        if (await passTo(page, { account: account.account, topic: account.topic, wire })) {
            return;
        }
    }
    for (const url of [...account.brokers, ...account.brokers]) {
        try {
            await publishOnce(url, account, wire);
            return;
        } catch {
            // the next; a phone that was just woken may have no network yet
        }
    }
}

addEventListener('push', (e) => {
    const [kind, nonce] = (e.data?.text() ?? '').split(' ');
    const shown = kind === 'check' ? check() : ring(kind === 'test');
    const told = kind === 'check' || kind === 'test' ? report(nonce) : null;
    e.waitUntil(Promise.allSettled([shown, told]).then(() => {
        if (kind === 'check') {
            setTimeout(closeChecks, CLOSES_AFTER); // not sooner: the browser looks whether one was shown
        }
    }));
});

// The browser has ended or changed the subscription: an open page makes it again.
addEventListener('pushsubscriptionchange', (e) => {
    e.waitUntil((async () => {
        (await clients.matchAll(WINDOWS)).forEach((c) => c.postMessage({ renew: true }));
    })());
});

addEventListener('notificationclick', (e) => {
    e.notification.close();
    e.waitUntil((async () => {
        const open = await clients.matchAll(WINDOWS);
        const page = open.length > 0 ? await open[0].focus() : await clients.openWindow('./');
        page?.postMessage(e.notification.data);
    })());
});
