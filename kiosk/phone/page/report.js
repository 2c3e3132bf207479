// What the page leaves to its service worker, in a cache of its own: with which account a test that
// arrived is reported while the page is closed. And what the worker leaves to the page: when a test last
// reached this phone. It goes with everything else that is forgotten.

export const REPORTS = 'kettle-report';

const ACCOUNT = 'report';
const REACHED = 'reached';

async function read(scope, name) {
    try {
        return await (await caches.match(scope + name, { cacheName: REPORTS }))?.json() ?? null;
    } catch {
        return null; // a browser that keeps nothing
    }
}

async function write(scope, name, value) {
    try {
        await (await caches.open(REPORTS)).put(scope + name, new Response(JSON.stringify(value)));
    } catch {
        // the same; the phone rings, and nobody learns of its tests
    }
}

export const keepAccount = (scope, account) => write(scope, ACCOUNT, account);
export const keptAccount = (scope) => read(scope, ACCOUNT);
export const noteReached = (scope) => write(scope, REACHED, { at: Date.now() });

// When a test last reached this phone, ms since 1970; null: none has yet.
export const lastReached = async (scope) => (await read(scope, REACHED))?.at ?? null;
