// Sound and notifications, another kiosk, and forgetting everything.

import { setText } from './draw.js';
import { makeHold } from './hold.js';

const $ = (id) => document.getElementById(id);
const FORGET_HOLD = 3000;
const TAKE_BACK = 1500; // ms for the relay to be told; if that fails, it learns at the next wake-up

function drawSound(word) {
    const state = globalThis.Notification?.permission ?? 'denied';
    const key = { granted: 'soundOn', denied: 'soundOff', default: 'sound' }[state];
    setText($('sound-state'), state === 'default' ? '' : word(key));
    $('sound-ask').hidden = state !== 'default';
}

// Leaves nothing of the page on this phone: keys, caches, the worker, what was on screen.
async function forget(store) {
    store.forget();
    sessionStorage.clear();
    const names = (await globalThis.caches?.keys()) ?? [];
    await Promise.all(names.map((n) => caches.delete(n)));
    const workers = (await navigator.serviceWorker?.getRegistrations()) ?? [];
    for (const w of workers) {
        (await w.getNotifications()).forEach((n) => n.close());
        await w.unregister();
    }
}

export function openSettings({ word, store, onAnother, onForget, onForgotten, onRing, takeBack }) {
    setText($('settings').querySelector('h1'), word('settings'));
    setText($('sound-title'), word('sound'));
    setText($('sound-ask'), word('soundAsk'));
    setText($('another-title'), word('another'));
    setText($('another'), word('scan'));
    setText($('forget-title'), word('forget'));
    setText($('forget-text'), word('forgetText'));
    setText($('close-settings'), word('close'));
    setText($('open-settings'), word('settings'));
    setText($('open-ring'), word('ringTitle'));
    $('open-ring').onclick = onRing;
    drawSound(word);
    $('sound-ask').onclick = async () => {
        await Notification.requestPermission();
        drawSound(word);
    };
    $('another').onclick = onAnother;
    makeHold($('forget'), word, () => word('forget'), FORGET_HOLD, async () => {
        await Promise.race([takeBack(), new Promise((r) => setTimeout(r, TAKE_BACK))]);
        onForget(); // nothing that still comes may be kept again
        await forget(store);
        onForgotten();
    });
}
