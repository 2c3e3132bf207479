// Web Push: the browser's subscription, handed to the relay, and what the service worker says of the
// wake-ups that came. The page keeps nothing of it; the browser keeps the subscription, and a
// notification that was not looked at keeps when it came and whether the page was hidden then.

import { toBase64Url } from '../core/bytes.js';

const worker = () => navigator.serviceWorker?.getRegistration();

export const canWake = () => 'PushManager' in globalThis && 'Notification' in globalThis &&
    'serviceWorker' in navigator;

const same = (a, b) => a !== null && new Uint8Array(a).every((x, i) => x === b[i]);

// The subscription for this VAPID key; made where there is none, or one for another key.
async function subscription(vapid) {
    const { pushManager } = await navigator.serviceWorker.ready;
    const old = await pushManager.getSubscription();
    if (old !== null && same(old.options.applicationServerKey, vapid)) {
        return old;
    }
    await old?.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: vapid });
}

// One session of each venue: a browser has one subscription, and twice is once too often.
const askers = (sessions) => sessions.filter((s, i) => s.offer() !== null &&
    sessions.findIndex((t) => t.membership.venue === s.membership.venue) === i);

export const isOffered = (sessions) => askers(sessions).length > 0;

// Hands the subscription to every venue's relay; makes one first where it must. Rejects where a relay
// has not got it (AggregateError), or the browser makes none; the others have it all the same.
export async function subscribe(sessions) {
    let failed = null;
    for (const s of askers(sessions)) {
        try {
            const made = await subscription(s.offer().vapid);
            const key = (name) => toBase64Url(new Uint8Array(made.getKey(name)));
            await s.ask('subscribe', { endpoint: made.endpoint, p256dh: key('p256dh'),
                auth: key('auth') });
            await s.showStaff();
        } catch (error) {
            failed ??= error;
        }
    }
    if (failed !== null) {
        throw failed;
    }
}

export async function askTest(sessions) {
    await Promise.all(askers(sessions).map((s) => s.ask('test')));
}

// A relay that lost it, or never got it, has it again once the page was open; nobody is asked.
export async function renew(sessions) {
    const has = canWake() && Notification.permission === 'granted' &&
        await (await worker())?.pushManager.getSubscription();
    if (has) {
        await subscribe(sessions);
    }
}

export async function takeBack(sessions) {
    const asked = askers(sessions).map((s) => s.ask('unsubscribe'));
    const had = canWake() && await (await worker())?.pushManager.getSubscription();
    await Promise.allSettled([...asked, had && had.unsubscribe()]);
}

// What the worker noted: {at, hidden, test}, in its messages and in notifications still shown.
export function watchRings(heard) {
    navigator.serviceWorker?.addEventListener('message', (e) => e.data?.rang && heard(e.data.rang));
}

export async function collectRings(heard) {
    for (const n of (await (await worker())?.getNotifications()) ?? []) {
        if (n.data?.rang) {
            heard(n.data.rang);
            n.close();
        }
    }
}
