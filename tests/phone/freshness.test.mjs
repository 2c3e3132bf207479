import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fresh from '../../kiosk/phone/core/freshness.js';

const vectors = JSON.parse(readFileSync(new URL('../vectors/freshness.json', import.meta.url)));
const GROUPS = ['state', 'staff', 'ring'];

for (const c of vectors.cases) {
    test(`freshness: ${c.name}`, () => {
        let f = fresh.freshnessInit(c.reads ?? ['state']);
        for (const step of c.steps) {
            const where = `at ${step.at}`;
            if (step.linked) {
                f = fresh.freshnessLinked(f, step.at);
            }
            if (step.ask) {
                f = fresh.freshnessAsk(f, step.ask, step.at);
            }
            if (step.beat) {
                const newest = Object.fromEntries(GROUPS.map((g, i) => [g, step.beat.newest[i]]));
                f = fresh.freshnessBeat(f, { echo: [], ...step.beat, newest }, step.at);
            }
            if (step.got) {
                f = fresh.freshnessGot(f, ...step.got, step.at);
            }
            if (step.age) {
                const [age, next] = fresh.freshnessAge(f, ...step.age, step.at);
                assert.equal(age, step.is, where);
                f = next;
            }
            if ('held' in step) {
                assert.equal(fresh.freshnessHeld(f, step.at), step.held, where);
            }
            if (step.wants) {
                assert.equal(fresh.freshnessWants(f, step.wants[0], step.at), step.wants[1], where);
            }
        }
    });
}

test('there are cases', () => assert.ok(vectors.cases.length >= 20));
