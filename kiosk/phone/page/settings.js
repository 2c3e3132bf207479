// Sound and notifications, another kiosk, and forgetting everything.

import { play, SOUND_NAMES } from './alarm.js';
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

// What the phone sounds like. A choice is heard at once.
function drawSounds(word, store) {
    setText($('sounds').querySelector('legend'), word('soundChoice'));
    setText($('sound-test'), word('soundTest'));
    const chosen = () => store.choice('sound') ?? SOUND_NAMES[0];
    if ($('sounds').querySelector('input') === null) {
        $('sounds').append(...SOUND_NAMES.map((name) => {
            const label = document.createElement('label');
            const input = document.createElement('input');
            input.type = 'radio';
            input.name = 'sound';
            input.value = name;
            input.onchange = () => {
                store.choose('sound', name);
                play(name);
            };
            label.append(input, document.createTextNode(word(`sound-${name}`)));
            return label;
        }));
    }
    $('sounds').querySelectorAll('input').forEach((i) => {
        i.checked = i.value === chosen();
    });
    $('sound-test').onclick = () => play(chosen());
}

// Leaves nothing of the page on this phone: keys, caches, the workers, what was on screen.
async function forget(store) {
    store.forget();
    try {
        sessionStorage.clear();
    } catch {
        // a browser that keeps nothing has nothing to forget
    }
    const names = await globalThis.caches?.keys().catch(() => []) ?? [];
    await Promise.all(names.map((n) => caches.delete(n)));
    const workers = await navigator.serviceWorker?.getRegistrations().catch(() => []) ?? [];
    for (const w of workers) {
        (await w.getNotifications()).forEach((n) => n.close());
        await w.unregister();
    }
}

export function openSettings({ word, store, onAnother, onForget, onForgotten, onRing, takeBack }) {
    setText($('settings-title'), word('settings'));
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
    drawSounds(word, store);
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
