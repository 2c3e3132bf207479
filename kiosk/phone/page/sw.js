// The page without a network: its own files as they were built, and nothing that was received.
// A push wakes it with no content; what it shows is the same neutral wording for everything. When it
// came, and whether the page was hidden then, is kept in the notification until that is gone.

const CACHE = 'kettle-__BUILD__';
const FILES = __FILES__;

addEventListener('install', (e) => {
    e.waitUntil(caches.open(CACHE).then((c) => c.addAll(FILES)).then(() => skipWaiting()));
});

addEventListener('activate', (e) => {
    e.waitUntil((async () => {
        const names = await caches.keys();
        await Promise.all(names.filter((n) => n !== CACHE).map((n) => caches.delete(n)));
        await clients.claim();
    })());
});

addEventListener('fetch', (e) => {
    if (e.request.method === 'GET' && new URL(e.request.url).origin === location.origin) {
        e.respondWith(caches.match(e.request, { ignoreSearch: true })
            .then((kept) => kept ?? fetch(e.request)));
    }
});

addEventListener('push', (e) => {
    const wording = __WAKE__;
    const language = navigator.languages.map((l) => l.split('-')[0]).find((l) => l in wording);
    const [name, body] = wording[language ?? 'en'];
    e.waitUntil((async () => {
        const open = await clients.matchAll({ type: 'window' });
        const rang = { at: Date.now(), hidden: !open.some((c) => c.visibilityState === 'visible'),
            test: e.data?.text() === 'test' };
        await registration.showNotification(name, { body, tag: 'kettle', renotify: true,
            icon: 'icon-192.png', requireInteraction: true, data: { rang } });
        open.forEach((c) => c.postMessage({ rang }));
    })());
});

addEventListener('notificationclick', (e) => {
    e.notification.close();
    e.waitUntil((async () => {
        const open = await clients.matchAll({ type: 'window' });
        const page = open.length > 0 ? await open[0].focus() : await clients.openWindow('./');
        page?.postMessage(e.notification.data);
    })());
});
