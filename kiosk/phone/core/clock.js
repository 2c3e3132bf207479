// Whether this phone's clock is right, by the date in an answer of the page's own server. A clock that
// is wrong, or that nothing vouches for, dates no message (core/freshness.js asks the kiosk instead).

const APART = 5000; // ms: a date has whole seconds, and the answer was some time on its way
const WHOLE = 1000;

// `date`: the server's, in ms; asked, answered: by the phone's clock.
export function clockAgrees(date, asked, answered) {
    return date > asked - WHOLE - APART && date < answered + APART;
}

// Asks the server: {right, ahead}; ahead: ms by which the phone's clock is ahead of the server's, null
// where it cannot be asked.
export async function compareClock(fetch, url, wall) {
    const asked = wall();
    try {
        const answer = await fetch(url, { method: 'HEAD', cache: 'no-store' });
        const date = Date.parse(answer.headers.get('date'));
        const answered = wall();
        return { right: clockAgrees(date, asked, answered),
            ahead: Number.isNaN(date) ? null : (asked + answered) / 2 - date };
    } catch {
        return { right: false, ahead: null };
    }
}
