// Web Push: the browser's subscriptions, handed to the relays, and what the service worker says of the
// wake-ups that came. The browser keeps the subscriptions, and a notification that was not looked at
// keeps when it came and whether the page was hidden then.
// A subscription belongs to one registration of the worker and to one venue's key. The first venue has
// the page's own registration, each further one has its own below ring/.

import { toBase64Url } from '../core/bytes.js';
import { keepAccount } from './report.js';

export const canWake = () => 'PushManager' in globalThis && 'Notification' in globalThis &&
    'serviceWorker' in navigator;

const permitted = () => globalThis.Notification?.permission === 'granted';
const dead = new Set(); // addresses that their push service no longer takes
const doubted = new Set(); // those with which a test did not arrive

export const KNOWN = ['other', 'gone']; // why there is no subscription, as subscribe() rejects

const scopeOf = (venue) => `./ring/${venue}/`;

const home = () => navigator.serviceWorker?.getRegistration('./')
    .catch(() => undefined) ?? Promise.resolve(undefined);

// The registration that rings for this venue, if there is one.
async function workerOf(venue, isFirst) {
    const found = isFirst ? await home() :
        await navigator.serviceWorker.getRegistration(scopeOf(venue));
    const own = isFirst || found?.scope.endsWith(scopeOf(venue).slice(1));
    return own ? found : undefined;
}

async function makeWorker(venue, isFirst) {
    if (isFirst) {
        return navigator.serviceWorker.ready;
    }
    const made = await navigator.serviceWorker.register('sw.js', { scope: scopeOf(venue) });
    const starting = made.active ? null : made.installing ?? made.waiting;
    await (starting && new Promise((done, fail) => {
        starting.addEventListener('statechange', () => {
            if (starting.state === 'activated') {
                done();
            } else if (starting.state === 'redundant') {
                fail(new Error('the worker did not start'));
            }
        });
    }));
    return made;
}

const same = (a, b) => a !== null && new Uint8Array(a).every((x, i) => x === b[i]);

// One session of each venue that offers to ring: twice is once too often.
const askers = (sessions) => sessions.filter((s, i) => s.offer() !== null &&
    sessions.findIndex((t) => t.membership.venue === s.membership.venue) === i);

const venuesOf = (sessions) => [...new Set(sessions.map((s) => s.membership.venue))];

export const isOffered = (sessions) => askers(sessions).length > 0;

async function subscriptionOf(venue, isFirst) {
    return await (await workerOf(venue, isFirst))?.pushManager.getSubscription() ?? null;
}

// Every subscription that this phone has: [{venue, subscription}].
async function allSubscriptions(sessions) {
    const found = canWake() ? await Promise.all(venuesOf(sessions).map(async (venue, i) =>
        ({ venue, subscription: await subscriptionOf(venue, i === 0) }))) : [];
    return found.filter((f) => f.subscription !== null);
}

// A browser that has one subscription for all workers can ring for one venue alone.
async function isShared(sessions, venue, old) {
    const all = await allSubscriptions(sessions);
    const at = venuesOf(sessions).indexOf(venue);
    return all.some((f) => venuesOf(sessions).indexOf(f.venue) < at &&
        f.subscription.endpoint === old.endpoint);
}

// The subscription for this venue's key; made where there is none, a dead one, or one for another key.
async function subscription(session, sessions) {
    const { venue } = session.membership;
    const { vapid } = session.offer();
    const { pushManager } = await makeWorker(venue, venuesOf(sessions)[0] === venue);
    const old = await pushManager.getSubscription();
    if (old !== null && same(old.options.applicationServerKey, vapid) &&
        !dead.has(old.endpoint) && !doubted.delete(old.endpoint)) {
        return old;
    }
    if (old !== null && await isShared(sessions, venue, old)) {
        throw new Error('other');
    }
    await old?.unsubscribe();
    const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: vapid });
    if (dead.has(made.endpoint)) {
        throw new Error('gone');
    }
    return made;
}

// Hands each venue's relay its subscription; makes one first where it must. Rejects where a relay has
// not got it (AggregateError), or the browser makes none; the others have theirs all the same.
export async function subscribe(sessions) {
    let failed = null;
    for (const s of askers(sessions)) {
        try {
            const made = await subscription(s, sessions);
            const key = (name) => secretOf(made.getKey(name));
            const { scope } = await makeWorker(s.membership.venue, s === sessions[0]);
            await keepAccount(scope, { ...s.reporter(), auth: key('auth') });
            await s.ask('subscribe', { endpoint: made.endpoint, p256dh: key('p256dh'),
                auth: key('auth') });
            await s.sayOwn(key('auth'));
            await s.showStaff();
        } catch (error) {
            failed ??= error;
        }
    }
    if (failed !== null) {
        throw failed;
    }
}

const secretOf = (key) => toBase64Url(new Uint8Array(key));

// Asks each venue's relay about the subscription that it has of this phone.
function askAbout(sessions, all, kind) {
    return Promise.all(askers(sessions).map((s) => {
        const own = all.find((f) => f.venue === s.membership.venue);
        return own && s.ask(kind, { auth: secretOf(own.subscription.getKey('auth')) });
    }));
}

export async function askTest(sessions) {
    await askAbout(sessions, await allSubscriptions(sessions), 'test');
}

// The relay of that venue learns that this phone is awake for an alert. Rejects where it does not.
export async function sayAwake(sessions, venue, id) {
    const own = (await allSubscriptions(sessions)).find((f) => f.venue === venue);
    const asker = askers(sessions).find((s) => s.membership.venue === venue);
    if (own === undefined) {
        return; // nothing rings it
    }
    if (asker === undefined) {
        throw new Error('no relay');
    }
    await asker.ask('awake', { auth: secretOf(own.subscription.getKey('auth')), id });
}

// Whether this phone is to ring: it was asked to, or has a subscription already.
export async function isWanted(sessions, chosen) {
    return chosen || (permitted() && (await allSubscriptions(sessions)).length > 0);
}

// Why this phone will not ring, as far as it can be seen without a relay: 'denied', 'dropped' or null.
export async function lookAtRing(sessions) {
    if (!canWake() || !permitted()) {
        return 'denied';
    }
    const missing = venuesOf(sessions).length > (await allSubscriptions(sessions)).length;
    return missing ? 'dropped' : null;
}

// A relay that lost it, or never got it, has it again once the page was open, and what the browser
// dropped is made again; nobody is asked. Resolves with why this phone will not ring ('denied',
// 'dropped', 'other', 'gone'), or null; rejects where a relay is away.
export async function renew(sessions) {
    if (!canWake() || !permitted() || !isOffered(sessions)) {
        return lookAtRing(sessions);
    }
    try {
        await subscribe(sessions);
        return null;
    } catch (error) {
        if (error instanceof AggregateError) {
            throw error;
        }
        return KNOWN.includes(error.message) ? error.message : 'dropped';
    }
}

// A relay says that a push service no longer takes what `isMeant(endpoint)`. Whether it is one of this
// phone's, and news: then it is made again at the next subscribe().
export async function giveUp(sessions, isMeant) {
    const news = (await allSubscriptions(sessions)).map((f) => f.subscription.endpoint)
        .filter((e) => isMeant(e) && !dead.has(e));
    news.forEach((e) => dead.add(e));
    return news.length > 0;
}

// A test did not arrive: the next one is with new subscriptions.
export async function doubt(sessions) {
    (await allSubscriptions(sessions)).forEach((f) => doubted.add(f.subscription.endpoint));
}

export async function takeBack(sessions) {
    const all = await allSubscriptions(sessions);
    const asked = askAbout(sessions, all, 'unsubscribe');
    await Promise.allSettled([asked, ...all.map((f) => f.subscription.unsubscribe())]);
}

// What the worker noted: {at, hidden, test}, in its messages and in notifications still shown. Where the
// page is open, the worker's report of a test goes out by its connection: pass(account, topic, wire).
export function watchRings(rung, changed, pass) {
    navigator.serviceWorker?.addEventListener('message', (e) => {
        if (e.data?.rang) {
            rung(e.data.rang);
        } else if (e.data?.renew) {
            changed();
        } else if (e.data?.report) {
            const { account, topic, wire } = e.data.report;
            pass(account, topic, wire).then(() => e.ports[0].postMessage(true), () => {});
        }
    });
}

export async function collectRings(rung) {
    const workers = await navigator.serviceWorker?.getRegistrations().catch(() => []) ?? [];
    for (const w of workers) {
        for (const n of await w.getNotifications()) {
            if (n.data?.rang) {
                rung(n.data.rang);
            }
            if (n.data?.rang || n.data?.check) {
                n.close();
            }
        }
    }
}
