import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex } from '../../kiosk/phone/core/bytes.js';
import { open } from '../../kiosk/phone/core/envelope.js';
import { NO_WORDS, readPiece, takePiece, todoOf } from '../../kiosk/phone/core/host_words.js';
import { sodium } from './sodium.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/words.json', import.meta.url)));

function pieceOf({ topic, wire, seq }) {
    const opened = open(sodium, { venue: vectors.venue, kiosk: vectors.kiosk, topic },
        fromHex(vectors.keys.venue), fromHex(vectors.keys.kiosk_public),
        new Uint8Array(Buffer.from(wire, 'base64')));
    assert.equal(opened.seq, seq);
    return readPiece(opened.text, opened);
}

const take = (rows) => rows.reduce(([kept, coming], row) => takePiece(kept, coming, pieceOf(row)),
    [NO_WORDS, null]);

for (const s of vectors.sets) {
    test(`the host's lines: ${s.name}`, () => {
        const [kept] = take(s.pieces);
        assert.deepEqual(Object.entries(kept.lines).flatMap(([language, lines]) =>
            Object.entries(lines).map(([key, text]) => [language, key, text])), s.lines);
        assert.deepEqual([kept.revision, kept.link], [s.revision, s.link]);
    });
}

for (const r of vectors.refused) {
    test(`the host's lines: refused, ${r.why}`, () => {
        const { epoch = 7, seq = 20 } = r.text.startsWith('{') && r.text.endsWith('}') ?
            JSON.parse(r.text) : {};
        assert.throws(() => readPiece(r.text, { epoch, seq }), { reason: 'malformed' });
    });
}

test('a piece of another epoch or seq than outside is refused', () => {
    const [{ text }] = vectors.sets[0].pieces;
    assert.throws(() => readPiece(text, { epoch: 7, seq: 21 }), { reason: 'malformed' });
    assert.throws(() => readPiece(text, { epoch: 8, seq: 20 }), { reason: 'malformed' });
});

for (const t of vectors.taken) {
    test(`the host's lines: ${t.name}`, () => {
        let [kept, coming] = [NO_WORDS, null];
        t.comes.forEach(([name, i], n) => {
            const row = vectors.sets.find((s) => s.name === name).pieces[i];
            [kept, coming] = takePiece(kept, coming, pieceOf(row));
            assert.equal(kept.revision, t.uses[n]);
        });
    });
}

const STANDARD = Object.fromEntries(['caution', 'lockdown'].flatMap((s) =>
    ['way', 'inside', 'staff'].map((r) => [`${s}-${r}`, `our ${s} ${r}`])));
const OWN = { revision: 5, link: 'tel:+994501234567', lines: {
    az: { 'lockdown-way': 'Qayıdın.', contact: 'Vəkil' }, en: { 'caution-staff': 'Ask Leyla.' } } };

const ROWS = [
    ['a member in a lockdown', ['lockdown', false, OWN, 'az'],
        [['way', 'Qayıdın.'], ['inside', 'our lockdown inside']], 'Vəkil'],
    ['a member in a caution', ['caution', false, OWN, 'az'],
        [['way', 'our caution way'], ['inside', 'our caution inside']], 'Vəkil'],
    ['staff in a lockdown', ['lockdown', true, OWN, 'en'], [['staff', 'our lockdown staff']], 'Vəkil'],
    ['staff in a caution', ['caution', true, OWN, 'en'], [['staff', 'Ask Leyla.']], 'Vəkil'],
    ['a language without lines', ['lockdown', false, OWN, 'ka'],
        [['way', 'our lockdown way'], ['inside', 'our lockdown inside']], 'Vəkil'],
    ['nothing from the host', ['lockdown', true, NO_WORDS, 'az'], [['staff', 'our lockdown staff']],
        undefined],
    ['quiet', ['quiet', false, OWN, 'az'], [], undefined],
    ['nothing known', [null, true, OWN, 'az'], [], undefined],
];

for (const [name, [state, staff, words, language], rows, contact] of ROWS) {
    test(`what to do now: ${name}`, () => {
        const todo = todoOf(state, staff, words, STANDARD, language);
        assert.deepEqual(todo.rows.map(({ role, text }) => [role, text]), rows);
        assert.equal(todo.contact?.text, contact);
    });
}

test('a contact is shown by its number or address', () => {
    const shown = (link) => todoOf('caution', false, { ...OWN, link }, STANDARD, 'az').contact;
    assert.deepEqual(shown('tel:+994501234567'),
        { text: 'Vəkil', link: 'tel:+994501234567', shown: '+994501234567' });
    assert.equal(shown('https://example.org/').shown, 'example.org');
    assert.deepEqual(shown(null), { text: 'Vəkil', link: null, shown: null });
});

test('a link of another kind is none', () => {
    const [{ text }] = vectors.sets[0].pieces;
    for (const link of ['javascript:alert(1)', 'http://example.org', 'tel:', 'tel:12 34',
        'https://a b', 'data:text/html,x', ' https://example.org']) {
        const bad = JSON.stringify({ ...JSON.parse(text), link });
        assert.equal(readPiece(bad, { epoch: 7, seq: 20 }).link, null, link);
    }
});
