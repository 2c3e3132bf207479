// What is wrong with a phone, in order of what it costs.

import assert from 'node:assert/strict';
import test from 'node:test';
import { healthOf } from '../../kiosk/phone/core/health.js';

const fine = { storage: null, clock: 0, sound: true, ring: null };
const keys = (more) => healthOf({ ...fine, ...more }).map((f) => f.key);

test('a phone that is well says nothing', () => {
    assert.deepEqual(keys({}), []);
    assert.deepEqual(keys({ clock: null }), []);
    assert.deepEqual(keys({ clock: 59000 }), []);
});

test('each fault has its sentence', () => {
    assert.deepEqual(keys({ storage: 'full', sound: false }), ['storageFull', 'soundLocked']);
    assert.deepEqual(keys({ storage: 'blocked' }), ['storageBlocked']);
    assert.deepEqual(keys({ ring: 'gone' }), ['willNotRing-gone']);
});

test('a wrong clock is said in the unit that people would choose', () => {
    const span = (clock) => healthOf({ ...fine, clock })[0];
    assert.deepEqual(span(-3600000 * 13), { key: 'clockBehind', span: { unit: 'hour', n: 13 } });
    assert.deepEqual(span(3599900), { key: 'clockAhead', span: { unit: 'hour', n: 1 } });
    assert.deepEqual(span(120000), { key: 'clockAhead', span: { unit: 'minute', n: 2 } });
    const hours = (n) => Object.values(span(3600000 * n).span).join(' ');
    assert.deepEqual([47, 48, 24 * 364, 8760, 24 * 365 * 56].map(hours),
        ['hour 47', 'day 2', 'day 364', 'year 1', 'year 56']);
});

test('a button helps where the page can do something', () => {
    assert.equal(healthOf({ ...fine, ring: 'dropped' })[0].fix, 'ring');
    assert.equal(healthOf({ ...fine, ring: 'denied' })[0].fix, null);
});
