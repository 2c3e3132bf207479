// What is wrong with this phone, as sentences that name the fix: keys of the page's words. Pure.

const CLOCK_OFF = 60000; // ms; an alert's times are shown in minutes

// [unit, its ms, from how many of it the next unit is used]: a year is not 8,760 hours to anybody.
const UNITS = [['minute', 60000, 60], ['hour', 3600000, 48], ['day', 86400000, 365],
    ['year', 31557600000, Infinity]];

function spanIn(ms) {
    const [unit, one] = UNITS.find(([, length, most]) => Math.round(ms / length) < most);
    return { unit, n: Math.round(ms / one) };
}

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
        found.push({ key: clock > 0 ? 'clockAhead' : 'clockBehind', span: spanIn(Math.abs(clock)) });
    }
    if (!sound) {
        found.push({ key: 'soundLocked' });
    }
    return found;
}
