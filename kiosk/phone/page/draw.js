// From a picture (core/view.js) to the document. Text is set only where it changed, so that a
// screen reader speaks each change once.

import { drawShape } from './shapes.js';

const $ = (id) => document.getElementById(id);

export function setText(node, text) {
    if (node.textContent !== text) {
        node.textContent = text;
    }
}

function setList(list, lines) {
    const now = Array.from(list.children, (c) => c.textContent);
    if (now.length !== lines.length || now.some((t, i) => t !== lines[i])) {
        list.replaceChildren(...lines.map((line) => {
            const item = document.createElement('li');
            item.textContent = line;
            return item;
        }));
    }
    list.hidden = lines.length === 0;
}

function linesOf(v, word) {
    const lines = v.code ? [word('codeText')] : [];
    if (v.unclear) {
        lines.push(word('unclear'));
    }
    if (v.minutes !== null) {
        lines.push(v.minutes < 1 ? word('justNow') : word('minutes', { n: v.minutes }));
    }
    if (v.resumed) {
        lines.push(word('resumed'));
    }
    if (v.silent) {
        lines.push(word('alsoLost'));
    }
    if (v.late) {
        lines.push(word('lateText'));
    }
    if (v.last !== null) {
        lines.push(word('last', { state: word(v.last) }));
    } else if (v.stale && v.canAnswer) {
        lines.push(word('stale'));
    }
    if (v.canAnswer) {
        lines.push(word('counts', { seen: v.seen, safe: v.safe }));
    }
    return lines;
}

// `all`: every kiosk's own picture, listed where there are several.
export function drawState(v, all, word) {
    document.body.dataset.face = v.shape;
    const drawn = `${v.shape} ${v.drill}`;
    if ($('shape').dataset.drawn !== drawn) {
        $('shape').dataset.drawn = drawn;
        drawShape($('shape'), v.shape, v.drill);
    }
    setText($('title'), word(v.why ?? v.shape));
    setText($('text'), v.drill ? word('drillText') : word(`${v.why ?? v.face}Text`));
    $('badge').hidden = !v.drill;
    setText($('badge'), word('drill'));
    setList($('lines'), linesOf(v, word));
    setList($('kiosks'), all.length < 2 ? [] : all.map((k, i) =>
        `${i + 1}: ${word(k.shape)}${k.drill ? ` (${word('drill')})` : ''}`));
    $('answers').hidden = !v.canAnswer;
}

// `stuck`: an answer was sent, and did not get through.
export function drawAnswers({ answered, waits }, stuck, word) {
    setText($('seen'), word('seen'));
    setText($('safe'), word('safe'));
    $('seen').setAttribute('aria-pressed', String(answered !== null));
    $('safe').setAttribute('aria-pressed', String(answered === 'safe'));
    const said = { seen: 'saidSeen', safe: 'saidSafe' }[answered] ?? null;
    const key = waits ? stuck && 'answerWaits' : said;
    setText($('said'), key ? word(key) : '');
}

export function drawLink(up, all, word) {
    const key = up === 0 ? 'linkDown' : up === all ? 'linkUp' : 'linkSome';
    setText($('link'), word(key, { up, all }));
    $('link').dataset.link = key;
}

const REASONS = { old: 'refusedOld', plain: 'refusedPlain', forged: 'refusedForged',
    'not ours': 'refusedForeign', malformed: 'refusedMalformed', copied: 'refusedCopied' };

export function drawRefused(count, reason, word) {
    setText($('refused'), count === 0 ? '' : word(REASONS[reason], { n: count }));
}

const NOTICES = { door: 'noticeDoor', fault: 'noticeFault', 'drill-report': null, code: null,
    duress: null };
const PRESSED = { code: 'codeText', duress: 'duressNotice' };

// One report for each broker (`detail` is its name), and how many phones have rung so far.
const reportOf = (n, word) =>
    `${word(n.ms === null ? 'drillStuck' : 'drillLeft', { ms: n.ms, via: n.detail })} ${
        word(n.rang ? 'rang' : 'rangNone', { n: n.rang })}`;

// A code as a sentence; one that a newer kiosk sends is shown as it is.
const noticeOf = (n, word) => (n.kind === 'drill-report' ? reportOf(n, word) :
    n.kind in PRESSED ? word(n.detail === 'unknown' ? 'codeUnknown' : PRESSED[n.kind]) :
    word(`${n.kind}-${n.detail}`) ?? [word(NOTICES[n.kind]), n.detail].filter(Boolean).join(' · '));

// By the phone's own clock and zone: the wire speaks of UTC.
const clockOf = (at) => (at === null ? '' : new Date(at).toLocaleTimeString('en-GB',
    { hour: '2-digit', minute: '2-digit' }));

export function drawNotices(notices, word) {
    const rows = notices.filter((n) => n.kind in NOTICES)
        .map((n) => [clockOf(n.at), noticeOf(n, word)]);
    const drawn = JSON.stringify(rows);
    if ($('notices').dataset.drawn === drawn) {
        return;
    }
    $('notices').dataset.drawn = drawn;
    $('notices').hidden = rows.length === 0;
    $('notices').replaceChildren(...rows.map(([clock, text]) => {
        const [item, time, said] = ['li', 'time', 'span'].map((t) => document.createElement(t));
        time.textContent = clock;
        said.textContent = text;
        item.append(time, said);
        return item;
    }));
}
