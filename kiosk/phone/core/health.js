// What is wrong with this phone, as sentences that name the fix: keys of the page's words. Pure.

const CLOCK_OFF = 60000; // ms; an alert's times are shown in minutes

// storage: null, 'blocked' or 'full'; clock: ms by which the phone's clock is ahead of the server's, null
// where unknown; sound: whether the page may sound; ring: null, or why wake-ups do not come.
// Each is {key, values, fix}: `fix` names what a button opens.
export function healthOf({ storage, clock, sound, ring }) {
    const found = [];
    if (storage !== null) {
        found.push({ key: storage === 'full' ? 'storageFull' : 'storageBlocked' });
    }
    if (ring !== null) {
        found.push({ key: `willNotRing-${ring}`, fix: ring === 'denied' ? null : 'ring' });
    }
    if (clock !== null && Math.abs(clock) > CLOCK_OFF) {
        const minutes = Math.round(Math.abs(clock) / 60000);
        found.push({ key: clock > 0 ? 'clockAhead' : 'clockBehind', span: minutes < 60 ?
            { unit: 'minute', n: minutes } : { unit: 'hour', n: Math.round(minutes / 60) } });
    }
    if (!sound) {
        found.push({ key: 'soundLocked' });
    }
    return found;
}
