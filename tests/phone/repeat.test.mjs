// Ringing until answered: growing pauses, for half an hour at most.

import assert from 'node:assert/strict';
import test from 'node:test';
import { repeatInit, repeatStep } from '../../kiosk/phone/core/repeat.js';

// The seconds at which a page that looks once a second calls again.
function calls(alertAt, until, from = 0) {
    const found = [];
    let r = repeatInit();
    for (let s = from; s <= until; s++) {
        const [again, next] = repeatStep(r, alertAt(s), s === from, s * 1000);
        r = next;
        found.push(...again ? [s] : []);
    }
    return found;
}

const alert = { id: 'a', began: 0 };

test('the pauses grow, and after half an hour nobody is called', () => {
    const at = calls(() => alert, 7200);
    assert.deepEqual(at.slice(0, 4), [20, 50, 95, 163]);
    const pauses = at.map((s, i) => s - (at[i - 1] ?? 0));
    assert.ok(pauses.every((p, i) => p >= (pauses[i - 1] ?? 0) && p <= 240), pauses.join());
    assert.ok(at.at(-1) < 1800 && at.at(-1) > 1800 - 240, `the last at ${at.at(-1)}`);
});

test('an answer or the end ends it', () => {
    assert.deepEqual(calls((s) => (s < 60 ? alert : null), 3600), [20, 50]);
});

test('another alert begins again with short pauses', () => {
    const at = calls((s) => (s < 1000 ? alert : { id: 'b', began: 1000000 }), 1100);
    assert.ok(at.includes(1020) && at.includes(1050), at.join());
});

test('a page that was opened in the middle goes by the beginning of the alert', () => {
    const at = calls(() => alert, 3600, 1750);
    assert.deepEqual(at, [1770], 'half an hour from its beginning');
    assert.equal(calls(() => ({ id: 'a', began: null }), 1000, 500)[0], 520);
});
