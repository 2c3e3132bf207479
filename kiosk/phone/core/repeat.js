// Ringing until answered: when the page calls again for an alert that this phone has not answered. The
// pauses grow, and after half an hour it stops. Pure; times in ms of one steady clock.

const FIRST = 20000;
const GROWTH = 1.5;
const LONGEST = 240000;
const UNTIL = 1800000;

export const repeatInit = () => ({ id: null, since: 0, pause: FIRST, next: Infinity });

// `alert`: {id, began} of what waits for an answer, or null; began may be null: not known.
// `called`: the page has just called. [whether to call now, r].
export function repeatStep(r, alert, called, now) {
    if (alert === null) {
        return [false, repeatInit()];
    }
    const mine = alert.id === r.id ? r : { id: alert.id, since: Math.min(alert.began ?? now, now),
        pause: FIRST, next: now + FIRST };
    if (called) {
        return [false, { ...mine, next: now + mine.pause }];
    }
    if (now < mine.next || now - mine.since >= UNTIL) {
        return [false, mine];
    }
    const pause = Math.min(mine.pause * GROWTH, LONGEST);
    return [true, { ...mine, pause, next: now + pause }];
}
