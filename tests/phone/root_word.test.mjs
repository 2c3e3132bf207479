import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex } from '../../kiosk/phone/core/bytes.js';
import { joinRootWords, NO_WORD, readRootWord, rootEnds } from '../../kiosk/phone/core/root_word.js';
import { sodium } from './sodium.mjs';
import { twisted } from './twisted.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/root_word.json', import.meta.url)));
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));
const named = (name) => vectors.words.find((w) => w.name === name);
const read = (wire, at = {}) => readRootWord(sodium, at.venue ?? vectors.venue,
    at.kiosk ?? vectors.kiosk, fromHex(at.root_public ?? vectors.keys.root_public), wire);

for (const w of vectors.words) {
    test(`root word: ${w.name}`, () => {
        const got = read(bytes(w.wire));
        if (w.says.made >= 2 ** 53) {
            w.says.made = -1;
        }
        assert.deepEqual(got, w.says);
    });
}

for (const r of vectors.refused) {
    test(`root word: refused, ${r.why}`, () => {
        assert.equal(read(twisted(bytes(named(r.of).wire), r), r.at), null);
    });
}

for (const j of vectors.joined) {
    test(`root word: ${j.of.join(', then ')}`, () => {
        const all = j.of.reduce((sum, name) => joinRootWords(sum, read(bytes(named(name).wire))),
            NO_WORD);
        assert.deepEqual(all, j.says);
        assert.equal(joinRootWords(all, read(bytes(named(j.of[0]).wire))), all);
    });
}

test('root word: what it ends', () => {
    const word = { ...NO_WORD, ended: { id: 'a', epoch: 7, seq: 41 } };
    for (const [id, epoch, seq, over] of [['b', 7, 41, true], ['b', 7, 42, false],
        ['b', 6, 900, true], ['b', 8, 0, false], ['a', 7, 42, true], ['a', 9, 1, true]]) {
        assert.equal(rootEnds(word, { id, epoch, seq }), over);
        assert.equal(rootEnds(NO_WORD, { id, epoch, seq }), false);
    }
});

test('root word: there are cases', () => assert.ok(vectors.refused.length >= 24));
