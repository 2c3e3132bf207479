// How the phone calls: a sound, a shake, and a notification with one neutral wording for everything.
// Nothing here says what happened.

// One call of each sound: the shape of its tone, from one pitch to another in Hz, and whether it fades.
const SOUNDS = {
    kettle: { shape: 'triangle', from: 660, to: 1320, fades: false },
    bell: { shape: 'sine', from: 988, to: 980, fades: true },
    pulse: { shape: 'square', from: 440, to: 440, fades: false },
};
export const SOUND_NAMES = Object.keys(SOUNDS);
const LENGTH = 1.2; // s
const EVERY = 1.6;
const LATE = 3000; // ms
const AFTER = 2500; // ms: a slow phone needs long to make a sound ready, and shows the state first

let audio = null;
let onChange = () => {};

function make() {
    if (audio === null || audio.state === 'closed') {
        try {
            audio = new AudioContext();
            audio.onstatechange = () => onChange();
        } catch {
            audio = null; // a browser without sound: it shakes and notifies
        }
    }
}

// Browsers give sound only after a touch, and take it away for a telephone call: every touch asks again.
export function unlockSound() {
    make();
    if (audio !== null && audio.state !== 'running') {
        audio.resume().then(() => onChange(), () => {});
    }
}

// changed(): sound became possible, or impossible.
export function watchSound(changed) {
    onChange = changed;
    for (const name of ['pointerdown', 'pointerup', 'click', 'keydown']) {
        addEventListener(name, unlockSound, { capture: true, passive: true });
    }
    setTimeout(unlockSound, AFTER);
}

// Whether it would sound now, as far as is known; a browser without sound can be asked for none.
export const canSound = () => audio === null || audio.state === 'running';

function tone({ shape, from, to, fades }, at) {
    const osc = audio.createOscillator();
    const gain = audio.createGain();
    osc.type = shape;
    osc.frequency.setValueAtTime(from, at);
    osc.frequency.linearRampToValueAtTime(to, at + LENGTH);
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(0.8, at + (fades ? 0.01 : 0.1));
    if (!fades) {
        gain.gain.setValueAtTime(0.8, at + LENGTH - 0.1);
    }
    gain.gain.exponentialRampToValueAtTime(0.0001, at + LENGTH);
    osc.connect(gain).connect(audio.destination);
    osc.start(at);
    osc.stop(at + LENGTH);
}

function sound(name, times) {
    for (let i = 0; i < times; i++) {
        tone(SOUNDS[name] ?? SOUNDS.kettle, audio.currentTime + EVERY * i);
    }
}

// `times` calls of it. A sound that was taken away is asked for once more; what comes late is not played.
export function play(name, times = 1) {
    const asked = performance.now();
    if (audio?.state === 'running') {
        sound(name, times);
    } else {
        audio?.resume().then(() => performance.now() - asked < LATE && sound(name, times), () => {});
    }
}

// Three calls for what needs an answer, one for its end.
export async function call(urgent, sound, word) {
    const times = urgent ? 3 : 1;
    play(sound, times);
    if (navigator.userActivation?.hasBeenActive !== false) { // before the first touch browsers refuse it
        navigator.vibrate?.(Array(times).fill([600, 250]).flat());
    }
    if (globalThis.Notification?.permission === 'granted') {
        const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
        const [old] = (await worker?.getNotifications({ tag: 'kettle' })) ?? [];
        worker?.showNotification(word('name'), { body: word('wake'), tag: 'kettle',
            data: old?.data, renotify: true, icon: 'icon-192.png', requireInteraction: urgent });
    }
}
