// What the phone keeps, and that forgetting is for good.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openStore } from '../../kiosk/phone/core/store.js';

function area() {
    const kept = {};
    return { kept, getItem: (key) => kept[key] ?? null, clear: () => delete kept.k1,
        removeItem: (key) => delete kept[key],
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

test('without a storage it says so, and works until the page ends', () => {
    const store = openStore(null);
    assert.equal(store.trouble(), 'blocked');
    assert.throws(() => store.addMembership({ kiosk: 'k' }), /no storage/);
    store.keep('k', { epoch: 5 });
    assert.deepEqual(store.kept('k'), { epoch: 5 });
    store.forget();
});

test('whether there is room is tried, and leaves nothing', () => {
    const a = area();
    const store = openStore(a);
    assert.equal(store.trouble(), null);
    assert.deepEqual(a.kept, {});
    for (const [name, trouble] of [['QuotaExceededError', 'full'], ['SecurityError', 'blocked']]) {
        a.setItem = () => {
            throw Object.assign(new Error(name), { name });
        };
        assert.equal(store.trouble(), trouble);
    }
    a.setItem = () => {};
    assert.equal(store.trouble(), 'blocked', 'a storage that forgets at once');
});

test('what could not be written is written once there is room', () => {
    const a = area();
    const store = openStore(a);
    store.addMembership({ kiosk: 'k' });
    const { setItem } = a;
    a.setItem = () => {
        throw new Error('full');
    };
    store.keep('k', { epoch: 5 });
    assert.equal(store.unsaved(), true);
    a.setItem = setItem;
    store.tryAgain();
    assert.equal(store.unsaved(), false);
    assert.deepEqual(openStore(a).kept('k'), { epoch: 5 });
});

test('an alert is kept as long as it is active, and choices until all is forgotten', () => {
    const a = area();
    const store = openStore(a);
    store.addMembership({ kiosk: 'k' });
    store.keepNight('k', { id: 'a' });
    store.choose('sound', 'bell');
    assert.deepEqual([openStore(a).night('k'), openStore(a).choice('sound')], [{ id: 'a' }, 'bell']);
    store.keepNight('k', undefined);
    assert.equal(JSON.parse(a.kept.k1).nights, undefined);
    store.forget();
    assert.deepEqual(a.kept, {});
    assert.equal(store.choice('sound'), null);
});

test('a membership that is replaced keeps its place', () => {
    const store = openStore(area());
    store.addMembership({ kiosk: 'k', venueKey: '00' });
    store.addMembership({ kiosk: 'j' });
    store.addMembership({ kiosk: 'k', venueKey: '01' });
    assert.deepEqual(store.memberships().map((m) => m.kiosk), ['k', 'j']);
    assert.equal(store.memberships()[0].venueKey, '01');
});

test('what another window wrote is read, and what it forgot is forgotten', () => {
    const a = area();
    const [one, two] = [openStore(a), openStore(a)];
    two.addMembership({ kiosk: 'k' });
    one.reload();
    assert.equal(one.memberships().length, 1);
    two.forget();
    one.forgotten();
    one.keep('k', { epoch: 1 });
    assert.deepEqual(a.kept, {});
});
