// How the phone calls: a rising tone like a kettle's, a shake, and a notification with one neutral
// wording for everything. Nothing here says what happened.

let audio = null;

// Browsers give sound only after a touch: called on the first one.
export function unlockSound() {
    audio ??= new AudioContext();
    audio.resume();
}

function tone(at, seconds) {
    const osc = audio.createOscillator();
    const gain = audio.createGain();
    osc.type = 'triangle';
    osc.frequency.setValueAtTime(660, at);
    osc.frequency.linearRampToValueAtTime(1320, at + seconds);
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(0.8, at + 0.1);
    gain.gain.setValueAtTime(0.8, at + seconds - 0.1);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
    osc.connect(gain).connect(audio.destination);
    osc.start(at);
    osc.stop(at + seconds);
}

// Three calls for what needs an answer, one for its end.
export async function call(urgent, word) {
    const times = urgent ? 3 : 1;
    if (audio?.state === 'running') {
        for (let i = 0; i < times; i++) {
            tone(audio.currentTime + 1.6 * i, 1.2);
        }
    }
    navigator.vibrate?.(Array(times).fill([600, 250]).flat());
    if (globalThis.Notification?.permission === 'granted') {
        const worker = await navigator.serviceWorker?.getRegistration();
        const [old] = (await worker?.getNotifications({ tag: 'kettle' })) ?? [];
        worker?.showNotification(word('name'), { body: word('wake'), tag: 'kettle',
            data: old?.data, renotify: true, icon: 'icon-192.png', requireInteraction: urgent });
    }
}
