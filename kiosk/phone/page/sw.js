// The page without a network: its own files as they were built, and nothing that was received.
// A push wakes it with no content; what it shows is the same neutral wording for everything. When it
// came, and whether the page was hidden then, is kept in the notification until that is gone.
// A phone with several venues registers it once for each, below ring/: there it only rings.

const CACHE = 'kettle-__BUILD__';
const FILES = __FILES__;
const OLDER = 2; // builds kept for pages that are still open and may load a part of theirs
const HOME = new URL('./', location.href).href;
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
            const old = (await caches.keys()).filter((n) => n !== CACHE);
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

addEventListener('push', (e) => {
    const wording = __WAKE__;
    const language = navigator.languages.map((l) => l.split('-')[0]).find((l) => l in wording);
    const [name, body] = wording[language ?? 'en'];
    e.waitUntil((async () => {
        const open = await clients.matchAll(WINDOWS);
        const rang = { at: Date.now(), hidden: !open.some((c) => c.visibilityState === 'visible'),
            test: e.data?.text() === 'test' };
        await registration.showNotification(name, { body, tag: 'kettle', renotify: true,
            icon: 'icon-192.png', requireInteraction: true, data: { rang } });
        open.forEach((c) => c.postMessage({ rang }));
    })());
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
