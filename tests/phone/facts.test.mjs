// What a phone has answered to which alert: never more than the kiosk can have received.

import assert from 'node:assert/strict';
import test from 'node:test';
import { factsAgain, factsChosen, factsFrom, factsReceived, factsInit, factsKeep, factsNoted, factsTold } from '../../kiosk/phone/core/facts.js';
import { answersOf, pictureOf } from '../../kiosk/phone/core/picture.js';
import { viewInit } from '../../kiosk/phone/core/view.js';

const alert = (id, epoch = 1) => ({ kind: 'lockdown', id, epoch, seq: 1, age_ms: 0 });
const after = (...messages) => messages.reduce((f, m) => factsReceived(f, m, 0), factsInit());
const told = (f, kind) => {
    const chosen = factsChosen(f, kind);
    return chosen === f ? f : factsTold(chosen, { id: f.id, kind, number: chosen.number, epoch: chosen.epoch });
};

test('an answer is shown once the kiosk has it', () => {
    const chosen = factsChosen(after(alert('a')), 'safe');
    assert.deepEqual([chosen.answered, chosen.waiting], [null, 'safe']);
    const f = factsTold(chosen, { id: 'a', kind: 'safe', number: 1 });
    assert.deepEqual([f.answered, f.waiting], ['safe', null]);
});

test('what was shown of a drill says nothing of the lockdown that follows', () => {
    const chosen = factsChosen(after(alert('drill')), 'safe');
    const f = factsTold(factsReceived(chosen, alert('real'), 0), { id: 'drill', kind: 'safe', number: 1 });
    assert.deepEqual([f.answered, f.waiting], [null, null]);
});

test('who is safe has seen it: a late "seen" takes nothing back', () => {
    const f = told(told(after(alert('a')), 'safe'), 'seen');
    assert.deepEqual([f.answered, f.waiting], ['safe', null]);
    assert.equal(factsTold(f, { id: 'a', kind: 'seen', number: 0 }).answered, 'safe');
});

test('help is asked for again only once the kiosk has the last answer', () => {
    const first = factsChosen(after(alert('a')), 'help');
    assert.equal(factsChosen(first, 'help'), first);
    const again = factsChosen(factsTold(first, { id: 'a', kind: 'help', number: 1 }), 'help');
    assert.deepEqual([again.waiting, again.number], ['help', 2]);
});

test('who is safe may need help, and the other way round, and each counts as a new answer', () => {
    const steps = ['seen', 'safe', 'help', 'seen', 'help', 'safe'];
    const said = [];
    steps.reduce((f, kind) => {
        const next = told(f, kind);
        said.push(`${next.answered} ${next.number}`);
        return next;
    }, after(alert('a')));
    assert.deepEqual(said, ['seen 1', 'safe 2', 'help 3', 'help 3', 'help 4', 'safe 5']);
});

test('an answer that was chosen while another is on its way is the one that is sent in the end', () => {
    const first = factsChosen(after(alert('a')), 'safe');
    const both = factsChosen(first, 'help');
    const f = factsTold(both, { id: 'a', kind: 'safe', number: first.number });
    assert.deepEqual([f.answered, f.waiting], ['safe', 'help']);
    const g = factsTold(f, { id: 'a', kind: 'help', number: both.number });
    assert.deepEqual([g.answered, g.waiting], ['help', null]);
});

test('staff read counts of this alert', () => {
    const counts = { kind: 'counts', id: 'a', seen: 3, safe: 1, help: 1, of: 9, rang: 4, phones: 5 };
    const view = { ...viewInit(), state: 'lockdown' };
    const of = (f, staff) => pictureOf(view, f, staff, 0).counts;
    const f = after(alert('a'), counts);
    assert.equal(of(f, true).help, 1);
    assert.equal(of(f, false), null);
    assert.deepEqual(of(factsReceived(f, alert('b'), 0), true),
        { id: 'b', seen: 0, safe: 0, help: 0, of: 9, rang: 4, phones: 5 }, 'of as many as before, nobody has answered');
    assert.equal(of(after(counts, alert('a')), true).seen, 3, 'what came before the alert is of it');
    assert.equal(of(after(alert('a')), true).seen, null, 'a line without numbers, for those that come');
    assert.equal(pictureOf(viewInit(), f, true, 0).counts, null, 'it is over');
});

test('a kiosk that started again gets the answer once more, later, and help first', () => {
    const restarted = (f) => factsReceived(f, alert('a', 2), 0);
    const f = restarted(told(after(alert('a')), 'safe'));
    assert.deepEqual([f.answered, f.waiting, f.again], ['safe', null, true]);
    assert.equal(factsAgain(f, 0.5), 30000);
    const state = { kind: 'state', state: 'lockdown', id: 'a', epoch: 2, seq: 2, age_ms: null };
    const g = factsReceived(told(after(alert('a')), 'help'), state, 0);
    assert.equal(factsAgain(g, 0.5), 2500);
    const had = factsTold(g, { id: 'a', kind: 'help', number: 1, epoch: 2 });
    assert.deepEqual([had.answered, factsAgain(had, 0), factsAgain(restarted(had), 0)], ['help', null, null]);
    assert.equal(factsAgain(restarted(after(alert('a'))), 0), null, 'it has answered nothing');
    assert.equal(factsAgain(factsReceived(f, alert('b', 2), 0), 0), null, 'of another alert');
    assert.equal(factsAgain(factsChosen(f, 'help'), 0), null, 'a new answer goes at once');
    assert.equal(told(f, 'help').again, false);
});

test('a kiosk that comes back with the alert before gets the answer to this one all the same', () => {
    const before = told(after(alert('a')), 'seen');
    const f = told(factsReceived(before, alert('b'), 0), 'help');
    assert.deepEqual([f.answered, f.number], ['help', 1]);
    const back = factsReceived(f, alert('a', 2), 0);
    assert.deepEqual([back.answered, back.number, back.again], ['seen', 1, true]);
    const reloaded = factsFrom(factsKeep(back, 0, 0), 'a', 0, 0);
    for (const at of [back, reloaded]) {
        const on = factsReceived(at, alert('b', 2), 0);
        assert.deepEqual([on.id, on.epoch, on.answered, on.number, factsAgain(on, 1)], ['b', 2, 'help', 1, 5000]);
    }
    assert.equal(factsAgain(factsReceived(back, alert('c', 2), 0), 1), null, 'of a third, nothing');
});

test('an answer that was on its way while the kiosk restarted is sent once more', () => {
    const chosen = factsChosen(after(alert('a')), 'help');
    const f = factsTold(factsReceived(chosen, alert('a', 2), 0), { id: 'a', kind: 'help', number: 1, epoch: 1 });
    assert.deepEqual([f.answered, f.again], ['help', true]);
});

test('of several kiosks the one that was told least counts', () => {
    const at = (answered, canAnswer = true, waits = false) => ({ answered, canAnswer, waits });
    assert.equal(answersOf([at('safe'), at(null)]).answered, null);
    assert.equal(answersOf([at('safe'), at('seen')]).answered, 'seen');
    assert.equal(answersOf([at('safe'), at(null, false)]).answered, 'safe');
    assert.equal(answersOf([at('safe'), at('seen'), at('help')]).answered, 'help');
    assert.equal(answersOf([at(null, false)]).answered, null);
    assert.equal(answersOf([at('safe'), at('safe', true, true)]).waits, true);
});

test('an alert that is shown again after a reload knows when it began, and what was answered', () => {
    let f = factsNoted(told(factsReceived(factsInit(), alert('a'), 5000), 'safe'), 'lockdown', 1005000);
    f = factsNoted(factsNoted(f, 'unconfirmed', 1060000), 'unconfirmed', 1061000);
    const kept = JSON.parse(JSON.stringify(factsKeep(f, 10000, 1010000)));
    const again = factsFrom(kept, 'a', 100, 1070000); // another steady clock, a minute later
    assert.equal(100 - again.began, 65000);
    assert.equal(again.answered, 'safe');
    assert.deepEqual(again.history.map((h) => h.kind), ['lockdown', 'unconfirmed']);
    assert.deepEqual(factsFrom(kept, 'b', 100, 1070000), { ...factsInit(), id: 'b' });
    assert.equal(factsFrom(kept, 'a', 100, 900000).began, 100, 'no alert begins in the future');
});

test('what is known to be old says when it began, and the earliest beginning counts', () => {
    const state = (age_ms) => ({ kind: 'state', state: 'lockdown', id: 'a', epoch: 1, seq: 2, age_ms });
    const f = factsReceived(factsInit(), state(60000), 500000, 30000);
    assert.equal(f.began, 410000);
    assert.equal(factsReceived(f, state(90000), 510000).began, 410000);
    assert.equal(factsReceived(f, { ...state(0), id: 'b' }, 510000).began, 510000);
});

test('another alert has another history', () => {
    const f = factsNoted(after(alert('a')), 'lockdown', 1);
    assert.deepEqual(factsReceived(f, alert('b'), 9).history, []);
});
