// What is to be done now: the host's own lines, as they come in pieces (kiosk/core/words_piece.h), and
// the page's own where the host wrote none. Pure. Pieces are held to tests/vectors/words.json.

import { Refused, VERSION } from './envelope.js';

const PIECES_MAX = 40;
const LINE = /^(caution|lockdown)-(way|inside|staff)$|^contact$/;
const LINK = /^(tel:\+?[0-9().-]+|https:\/\/[^\s"<>\\^`{|}]+)$/;

// What a phone has before it got any.
export const NO_WORDS = { revision: 0, link: null, lines: {} };

const count = (v) => Number.isSafeInteger(v) && v >= 0;

// {revision, piece, pieces, link, language, lines}. Throws Refused.
export function readPiece(text, { epoch, seq }) {
    let m;
    try {
        m = JSON.parse(text);
    } catch {
        throw new Refused('malformed');
    }
    const lines = Object.entries(m ?? {}).filter(([key]) => LINE.test(key));
    const good = m?.v === VERSION && m.kind === 'words' && m.epoch === epoch && m.seq === seq &&
        [m.epoch, m.seq, m.revision, m.piece, m.pieces].every(count) && m.piece < m.pieces &&
        m.pieces <= PIECES_MAX && [m.link, m.language].every((v) => v === null ||
        typeof v === 'string') && lines.every(([, v]) => typeof v === 'string' && v !== '') &&
        (lines.length === 0 || m.language !== null);
    if (!good) {
        throw new Refused('malformed');
    }
    const link = m.link !== null && LINK.test(m.link) ? m.link : null;
    return { revision: m.revision, piece: m.piece, pieces: m.pieces, link, language: m.language,
        lines: Object.fromEntries(lines) };
}

// [kept, coming] after a piece: `coming` is what has come of a newer set than `kept`, which takes its
// place once it is whole. An older revision changes nothing.
export function takePiece(kept, coming, piece) {
    if (piece.revision <= kept.revision || piece.revision < (coming?.revision ?? 0)) {
        return [kept, coming];
    }
    const same = coming?.revision === piece.revision && coming.pieces === piece.pieces;
    const got = { ...(same ? coming.got : {}), [piece.piece]: piece };
    const all = Object.values(got);
    if (all.length < piece.pieces) {
        return [kept, { revision: piece.revision, pieces: piece.pieces, got }];
    }
    const lines = {};
    for (const p of all.filter((one) => one.language !== null)) {
        lines[p.language] = { ...lines[p.language], ...p.lines };
    }
    return [{ revision: piece.revision, link: all.find((p) => p.link !== null)?.link ?? null, lines },
        null];
}

// How a link reads to a person: the number, or the address without what browsers need.
const shown = (link) => link.replace(/^tel:|^https:\/\//, '').replace(/\/$/, '');

// What a phone of that role shows in that state of the kiosk: {rows: [{role, text}], contact: {text,
// link, shown} or null}. `words`: kept; `standard`: the page's own lines in `language`. A
// contact is named in another language rather than not at all.
export function todoOf(state, staff, words, standard, language) {
    if (state !== 'lockdown' && state !== 'caution') {
        return { rows: [], contact: null };
    }
    const own = words.lines[language] ?? {};
    const rows = (staff ? ['staff'] : ['way', 'inside']).map((role) =>
        ({ role, text: own[`${state}-${role}`] ?? standard[`${state}-${role}`] }));
    const named = own.contact ?? Object.values(words.lines).find((l) => l.contact)?.contact ?? null;
    const contact = words.link === null && named === null ? null :
        { text: named, link: words.link, shown: words.link && shown(words.link) };
    return { rows, contact };
}
