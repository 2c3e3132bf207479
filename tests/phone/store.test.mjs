// What the phone keeps, and that forgetting is for good.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openStore } from '../../kiosk/phone/core/store.js';

function area() {
    const kept = {};
    return { kept, getItem: (key) => kept[key] ?? null, clear: () => delete kept.k1,
        setItem: (key, value) => {
            kept[key] = value;
        } };
}

test('marks of a kiosk are kept, and found again', () => {
    const a = area();
    const store = openStore(a);
    store.addMembership({ kiosk: 'k', venueKey: '00' });
    store.keep('k', { epoch: 3 });
    assert.deepEqual(openStore(a).kept('k'), { epoch: 3 });
    assert.deepEqual(openStore(a).kept('other'), {});
});

test('a message that comes while all is forgotten leaves nothing', () => {
    const a = area();
    const store = openStore(a);
    store.addMembership({ kiosk: 'k', venueKey: '00' });
    store.forget();
    store.keep('k', { epoch: 4 });
    assert.deepEqual(a.kept, {});
});

test('new keys are for a member alone', () => {
    const a = area();
    const store = openStore(a);
    store.addMembership({ kiosk: 'k', venueKey: '00' });
    store.renew({ kiosk: 'k', venueKey: '01' });
    assert.equal(openStore(a).memberships()[0].venueKey, '01');
    store.forget();
    store.renew({ kiosk: 'k', venueKey: '02' });
    assert.deepEqual(a.kept, {});
});

test('a full storage stops no alert, but is shown to whoever joins', () => {
    const a = area();
    const store = openStore(a);
    store.addMembership({ kiosk: 'k', venueKey: '00' });
    a.setItem = () => {
        throw new Error('full');
    };
    store.keep('k', { epoch: 5 });
    assert.deepEqual(store.kept('k'), { epoch: 5 });
    assert.throws(() => store.addMembership({ kiosk: 'j' }), /full/);
});

test('what is damaged is as good as nothing', () => {
    const a = area();
    a.kept.k1 = '{';
    assert.deepEqual(openStore(a).memberships(), []);
});
