import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { freshnessAsk } from '../../kiosk/phone/core/freshness.js';
import * as view from '../../kiosk/phone/core/view.js';

const vectors = JSON.parse(readFileSync(new URL('../vectors/view.json', import.meta.url)));

function messageOf(step) {
    return { kind: step.say, id: step.id ?? null, epoch: step.epoch ?? 0, seq: step.seq ?? 0,
        connection: step.connection ?? 0, drill: step.drill ?? false,
        resumed: step.resumed ?? false, unconfirmed: step.unconfirmed ?? false,
        at: step.pressed ?? null, detail: step.detail ?? null, state: step.state ?? step.names?.[0] ?? 0,
        help: step.help ?? 0,
        staff: step.names?.[1] ?? 0, up: step.up ?? 0, echo: step.echo ? [step.echo] : [] };
}

function wordOf(step) {
    const proved = step.proof ?
        { id: step.proof[0], epoch: step.proof[1], seq: step.proof[2],
            account: step.proof[3] ?? 'a' } : null;
    return { message: messageOf(step), retained: step.retained ?? false,
        wallAge: step.wall_age === undefined ? step.retained ? -1 : 0 : step.wall_age ?? -1, proved };
}

function rootOf({ retired, ended, revoked = [] }) {
    return { made: 1, retired: retired === undefined ? null : retired ? 'own' : 'other',
        ended: ended ? { id: ended[0], epoch: ended[1], seq: ended[2] } : null, revoked };
}

for (const c of vectors.cases) {
    test(`view: ${c.name}`, () => {
        const rules = { staff: c.rules?.staff ?? false, plain: c.rules?.plain ?? false };
        let v = view.viewLink(view.viewInit(), true, 0);
        for (const step of c.steps) {
            const where = `at ${step.at}`;
            if ('link' in step) {
                v = view.viewLink(v, step.link, step.at);
            }
            if (step.ask) {
                v = { ...v, fresh: freshnessAsk(v.fresh, step.ask, step.at) };
            }
            if (step.root) {
                const [verdict, next] = view.viewRoot(v, rootOf(step.root), 'own', step.at);
                v = next;
                assert.equal(verdict, step.root_then ?? verdict, `${where}: the root key's message`);
            }
            if ('say' in step) {
                const [verdict, next] = view.viewStep(v, wordOf(step), rules, step.at);
                v = next;
                assert.equal(verdict, step.then ?? verdict, where);
            }
            const shown = view.viewLook(v, view.RULES, rules, step.at);
            for (const key of ['show', 'duress', 'code', 'silent', 'stale', 'delayed', 'undated', 'held',
                'late', 'rooted']) {
                assert.equal(shown[key], step[key] ?? shown[key], `${where}: ${key}`);
            }
        }
    });
}

test('the worst of several kiosks wins', () => {
    assert.ok(vectors.cases.length >= 30 && vectors.worst.length >= 10);
    for (const { of, is } of vectors.worst) {
        assert.equal(view.viewWorst(of), is, of.join());
    }
});

const say = (v, message, extra = {}) => view.viewStep(v,
    { message: messageOf(message), retained: false, wallAge: 0, proved: null, ...extra },
    { staff: false }, 1000);

test('a page that is opened again keeps a lockdown that nobody proved over', () => {
    let v = view.viewLink(view.viewInit(), true, 0);
    [, v] = say(v, { say: 'lockdown', id: 'a', epoch: 1, seq: 5 });
    const kept = JSON.parse(JSON.stringify(view.viewKeep(v, 1000)));
    let again = view.viewLink(view.viewFrom(kept), true, 0);
    assert.equal(view.viewLook(again, view.RULES, {}, 0).show, 'lockdown');
    [, again] = say(again, { say: 'state', state: 'quiet', epoch: 1, seq: 6 });
    assert.equal(view.viewLook(again, view.RULES, {}, 1000).show, 'unconfirmed');
    [, again] = say(again, { say: 'state', state: 'quiet', epoch: 1, seq: 7 },
        { proved: { id: 'a', epoch: 1, seq: 5 } });
    assert.equal(view.viewLook(again, view.RULES, {}, 1000).show, 'all-clear');
});

test('a page that is opened again goes on with an alarm that came late, and forgets it in time', () => {
    const { allClearLasts } = view.RULES;
    const step = (v, message, at, wallAge) => view.viewStep(v, { message: messageOf(message), retained: false, wallAge,
        proved: null }, { staff: false }, at);
    const opened = (v, at, from) => view.viewLink(
        view.viewFrom(JSON.parse(JSON.stringify(view.viewKeep(v, at))), from), true, from);
    const old = { say: 'lockdown', id: 'a', epoch: 1, seq: 5 };
    const show = (v, at) => view.viewLook(
        step(v, { say: 'state', state: 'quiet', epoch: 2, seq: 900 + at }, at, 0)[1], view.RULES, {}, at);
    let v = view.viewLink(view.viewInit(), true, 0);
    [, v] = step(v, { say: 'state', state: 'quiet', epoch: 2, seq: 5 }, 0, 0);
    const [verdict, late] = step(v, old, 1000, -1);
    assert.equal(verdict, 'late');
    const soon = opened(late, 2000, 50);
    assert.equal(show(soon, 60).show, 'unknown');
    assert.equal(show(soon, 50 + allClearLasts - 1001).show, 'unknown');
    assert.equal(show(soon, 50 + allClearLasts).show, 'quiet');
    const later = opened(late, 1000 + allClearLasts, 50);
    assert.equal(show(later, 60).show, 'quiet');
    assert.equal(step(later, { ...old, id: 'b' }, 60, -1)[0], 'old', 'it calls at most once an hour');
    assert.equal(view.viewKeep(late, 1000 + 3600000).late, undefined);
});

test('a page that is opened again keeps a caution, which needs no proof to end', () => {
    let v = view.viewLink(view.viewInit(), true, 0);
    [, v] = say(v, { say: 'caution', id: 'a', epoch: 1, seq: 5 });
    let again = view.viewFrom(JSON.parse(JSON.stringify(view.viewKeep(v, 1000))));
    assert.equal(view.viewLook(again, view.RULES, {}, 0).show, 'caution', 'without a connection');
    [, again] = say(view.viewLink(again, true, 0), { say: 'state', state: 'quiet', epoch: 1, seq: 6 });
    assert.equal(view.viewLook(again, view.RULES, {}, 1000).show, 'all-clear');
    assert.equal('alert' in view.viewKeep(again), false);
    [, v] = say(v, { say: 'caution', id: 'b', epoch: 1, seq: 7, drill: true });
    assert.equal('alert' in view.viewKeep(v, 1000), false, 'a drill is not kept');
});

test('a page that is opened again keeps what the root said, though no broker brings it any more', () => {
    let v = view.viewLink(view.viewInit(), true, 0);
    [, v] = say(v, { say: 'lockdown', id: 'a', epoch: 1, seq: 5 });
    [, v] = view.viewRoot(v, rootOf({ ended: ['a', 1, 6], revoked: ['c'] }), 'own', 1000);
    let again = view.viewLink(view.viewFrom(JSON.parse(JSON.stringify(view.viewKeep(v, 1000)))), true, 0);
    [, again] = say(again, { say: 'state', state: 'lockdown', id: 'a', epoch: 1, seq: 7 });
    assert.equal(view.viewLook(again, view.RULES, {}, 1000).show, 'quiet');
    [, again] = say(again, { say: 'lockdown', id: 'b', epoch: 1, seq: 8 });
    [, again] = say(again, { say: 'state', state: 'quiet', epoch: 1, seq: 9 },
        { proved: { id: 'b', epoch: 1, seq: 8, account: 'c' } });
    assert.equal(view.viewLook(again, view.RULES, {}, 1000).show, 'unconfirmed');
    [, again] = view.viewRoot(again, rootOf({ retired: true }), 'own', 2000);
    again = view.viewFrom(JSON.parse(JSON.stringify(view.viewKeep(again))));
    assert.equal(view.viewLook(again, view.RULES, {}, 3000).show, 'retired');
});

test('a staff page that is opened again keeps a duress that nobody proved over', () => {
    let v = view.viewLink(view.viewInit(), true, 0);
    [, v] = say(v, { say: 'duress', id: 'a', epoch: 1, seq: 5, pressed: 'T1' });
    let again = view.viewFrom(JSON.parse(JSON.stringify(view.viewKeep(v, 1000))));
    assert.equal(view.viewLook(again, view.RULES, { staff: true }, 0).duress, true);
    assert.equal(view.viewStep(again, { message: messageOf({ say: 'duress', id: 'a', epoch: 1,
        seq: 5, pressed: 'T1' }), retained: true, wallAge: -1, proved: null },
    { staff: true }, 1000)[0], 'accepted'); // no second call for the same press
    [, again] = say(again, { say: 'state', state: 'quiet', epoch: 1, seq: 7 },
        { proved: { id: 'a', epoch: 1, seq: 5 } });
    assert.equal(view.viewLook(again, view.RULES, { staff: true }, 1000).duress, false);
    assert.equal('dangered' in view.viewKeep(again), false);
});

test('a page that is opened again reads the retained state, and nothing older', () => {
    let v = view.viewLink(view.viewInit(), true, 0);
    [, v] = say(v, { say: 'state', state: 'quiet', epoch: 2, seq: 9 });
    const kept = view.viewKeep(v, 1000);
    assert.deepEqual(Object.keys(kept).sort(),
        ['connection', 'countsNext', 'doorNext', 'epoch', 'liveNext', 'noticeNext', 'proved', 'retired', 'toldNext']);
    const again = view.viewFrom(kept);
    assert.equal(say(again, { say: 'state', state: 'quiet', epoch: 2, seq: 7 })[0], 'old');
    assert.equal(say(again, { say: 'state', state: 'caution', id: 'b', epoch: 2, seq: 9 })[0],
        'told');
});

test('a proof that is ahead of its message proves nothing', () => {
    let v = view.viewLink(view.viewInit(), true, 0);
    [, v] = say(v, { say: 'lockdown', id: 'a', epoch: 1, seq: 5 });
    [, v] = say(v, { say: 'state', state: 'quiet', epoch: 1, seq: 7 },
        { proved: { id: 'a', epoch: 1, seq: 7 } });
    assert.equal(view.viewLook(v, view.RULES, {}, 1000).show, 'unconfirmed');
});
