import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockAgrees, compareClock } from '../../kiosk/phone/core/clock.js';

test('a clock agrees within 5 s of the question and the answer', () => {
    for (const [date, asked, answered, right] of [
        [100000, 100000, 100100, true], [100000, 105900, 105950, true],
        [100000, 106000, 106100, false], [100000, 94900, 95001, true],
        [100000, 94800, 95000, false], [100000, 3700000, 3700100, false],
        [100000, 90000, 99000, true], [NaN, 100000, 100100, false]]) {
        assert.equal(clockAgrees(date, asked, answered), right, `${date} ${asked} ${answered}`);
    }
});

const server = (date) => async (url, { method, cache }) => {
    assert.deepEqual([url, method, cache], ['./', 'HEAD', 'no-store']);
    return { headers: new Map([['date', date]]) };
};

test('a server without a date, or none, vouches for nothing', async () => {
    const wall = () => Date.parse('Sat, 28 Nov 2026 18:00:02 GMT');
    const by = (fetch) => compareClock(fetch, './', wall);
    assert.deepEqual(await by(server('Sat, 28 Nov 2026 18:00:01 GMT')), { right: true, ahead: 1000 });
    assert.deepEqual(await by(server('Sat, 28 Nov 2026 17:00:02 GMT')),
        { right: false, ahead: 3600000 });
    assert.deepEqual(await by(server(undefined)), { right: false, ahead: null });
    assert.deepEqual(await by(() => Promise.reject(new Error('offline'))),
        { right: false, ahead: null });
});
