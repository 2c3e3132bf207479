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

// For staff: numbers alone. The line is there before its numbers are: it must not move a button when they come.
function countsOf({ seen, safe, of }, word) {
    const all = Math.max(of, seen);
    return word('counts', seen === null ? { n: '–', all: '–', safe: '–', rest: '–' } :
        { n: seen, all, safe, rest: all - seen });
}

// `words`: of page/words.js; ages: {now, wall} of the same moment.
function linesOf(v, { word, timeOf, agoOf }, { now, wall }) {
    const lines = v.code ? [word('codeText')] : [];
    if (v.where !== null) {
        lines.push(word('pressedAt', { where: v.where }));
    }
    if (v.unclear) {
        lines.push(word('unclear'));
    }
    if (v.minutes !== null) {
        lines.push(v.minutes < 1 ? word('justNow') : word('began',
            { time: timeOf(wall - now + v.began), ago: agoOf(v.minutes) }));
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
    if (v.canAnswer && v.answered === null && !v.waits) {
        lines.push(word('answerAsked'));
    }
    return v.counts === null ? lines : [countsOf(v.counts, word), ...lines];
}

// The browser's own bars take the colour behind the state.
function paintBars() {
    const wash = getComputedStyle(document.body).getPropertyValue('--wash').trim();
    document.querySelectorAll('meta[name=theme-color]').forEach((m) => m.setAttribute('content', wash));
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paintBars);

export function drawFace(face) {
    if (document.body.dataset.face !== face) {
        if (face === undefined) {
            delete document.body.dataset.face;
        } else {
            document.body.dataset.face = face;
        }
        paintBars();
    }
}

// `all`: every kiosk's own picture, listed where there are several.
export function drawState(v, all, words, ages) {
    const { word } = words;
    drawFace(v.shape);
    const drawn = `${v.shape} ${v.drill}`;
    if ($('shape').dataset.drawn !== drawn) {
        $('shape').dataset.drawn = drawn;
        drawShape($('shape'), v.shape, v.drill);
    }
    setText($('title'), word(v.why ?? v.shape));
    setText($('text'), v.drill ? word('drillText') : word(`${v.why ?? v.face}Text`));
    $('badge').hidden = !v.drill;
    setText($('badge'), word('drill'));
    setText($('need'), v.counts?.help > 0 ? word('countsHelp', { n: v.counts.help }) : '');
    setList($('lines'), linesOf(v, words, ages));
    setList($('history'), v.history.length < 2 ? [] : v.history.map((h) =>
        `${words.timeOf(h.at)} ${word(h.kind === 'quiet' ? 'all-clear' : h.kind)}`));
    setList($('kiosks'), all.length < 2 ? [] : all.map((k, i) =>
        `${i + 1}: ${word(k.shape)}${k.drill ? ` (${word('drill')})` : ''}`));
    $('answers').hidden = !v.canAnswer;
}

// `stuck`: an answer was sent, and did not get through.
export function drawAnswers({ answered, waits }, stuck, word) {
    setText($('seen'), word('seen'));
    setText($('safe'), word('safe'));
    setText($('help'), word('help'));
    for (const kind of ['seen', 'safe', 'help']) {
        $(kind).setAttribute('aria-pressed', String(answered === kind));
    }
    const said = { seen: 'saidSeen', safe: 'saidSafe', help: 'saidHelp' }[answered] ?? null;
    const key = waits ? stuck && 'answerWaits' : said;
    setText($('said'), key ? word(key) : '');
}

// `asked`: connections that have not answered since the phone woke.
export function drawLink(up, asked, all, word) {
    const key = up === all ? 'linkUp' : up > 0 ? 'linkSome' : asked > 0 ? 'linkAsked' : 'linkDown';
    setText($('link'), word(key, { up, all }));
    $('link').dataset.link = key;
}

// What is wrong with this phone (core/health.js); open(what) where a button helps.
export function drawHealth(found, { word, spanOf }, open) {
    const rows = found.map((f) => [word(f.key, f.span ? { span: spanOf(f.span) } : {}), f.fix ?? '']);
    const drawn = JSON.stringify(rows);
    if ($('health').dataset.drawn === drawn) {
        return;
    }
    $('health').dataset.drawn = drawn;
    $('health').hidden = rows.length === 0;
    $('health').firstElementChild.replaceChildren(...rows.map(([text, fix]) => {
        const item = document.createElement('li');
        const said = document.createElement('span');
        said.textContent = text;
        item.append(said);
        if (fix) {
            const button = document.createElement('button');
            button.className = 'plain';
            button.textContent = word('ringTitle');
            button.onclick = () => open(fix);
            item.append(button);
        }
        return item;
    }));
}

// For staff: how many phones can be woken, as far as the weekly tests show.
export function drawPhones(all, word) {
    const known = all.filter((c) => c !== null && c.phones > 0);
    setText($('staff-phones'), known.map((c) => word('weeklyStaff', { n: c.rang, all: c.phones }))
        .join(' '));
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

// What a notice is about, by its name in the config.
const placed = (text, where) => (where ? `${where}: ${text}` : text);

// What is over has the code of what began, and "-over" behind it.
const overOf = (n, word) => {
    const what = n.detail?.endsWith('-over') ? word(`${n.kind}-${n.detail.slice(0, -5)}`) : null;
    return what ? word('faultOver', { what }) : null;
};

// A code as a sentence; one that a newer kiosk sends is shown as it is.
const noticeOf = (n, word) => (n.kind === 'drill-report' ? reportOf(n, word) :
    n.kind in PRESSED ? word(n.detail === 'unknown' ? 'codeUnknown' : PRESSED[n.kind]) :
    word(`${n.kind}-${n.detail}`) ?? overOf(n, word) ??
    [word(NOTICES[n.kind]), n.detail].filter(Boolean).join(' · '));

export function drawNotices(notices, { word, timeOf }) {
    const rows = notices.filter((n) => n.kind in NOTICES)
        .map((n) => [n.at === null ? '' : timeOf(Date.parse(n.at)),
            placed(noticeOf(n, word), n.where)]);
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
