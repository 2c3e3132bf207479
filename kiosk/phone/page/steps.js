// How a page gets on the home screen, in pictures: for this phone's browser first. Fetched when an
// invitation came with a link, and not before.

const PHONE = 'M30 4h40a8 8 0 0 1 8 8v76a8 8 0 0 1-8 8H30a8 8 0 0 1-8-8V12a8 8 0 0 1 8-8Z';
const dot = (x, y) => `M${x} ${y}v0.5`;

// [class, path]: thin lines are the phone, thick ones what is meant.
const PICTURES = {
    stepDots: [['thin', PHONE], ['line', [12, 20, 28].map((y) => dot(69, y)).join('')]],
    stepLines: [['thin', PHONE], ['line', 'M56 74h14M56 81h14M56 88h14']],
    stepShare: [['thin', PHONE], ['line', 'M43 78h-4v14h22v-14h-4M50 84V66M44 71l6-6l6 6']],
    stepAdd: [['thin', PHONE], ['thin', 'M32 28h36M32 72h36'],
        ['line', 'M32 40h36v20H32ZM50 45v10M45 50h10']],
    stepOpen: [['thin', PHONE], ['thin', 'M32 20h10v10H32ZM58 20h10v10H58Z'],
        ['line', 'M38 58a12 10 0 0 0 24 0ZM62 60l7-7M42 52a8 7 0 0 1 16 0']],
};

const BROWSERS = [
    { name: 'Safari (iPhone, iPad)', is: /iP(hone|ad|od)|Macintosh.*Safari/, not: /Chrom/,
        steps: ['stepShare', 'stepAdd', 'stepOpen'] },
    { name: 'Samsung Internet', is: /SamsungBrowser/, steps: ['stepLines', 'stepAdd', 'stepOpen'] },
    { name: 'Firefox (Android)', is: /Firefox/, steps: ['stepDots', 'stepAdd', 'stepOpen'] },
    { name: 'Chrome (Android)', is: /Chrom/, steps: ['stepDots', 'stepAdd', 'stepOpen'] },
];

function draw(key) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 100 100');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(...PICTURES[key].map(([kind, d]) => {
        const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
        path.setAttribute('class', kind);
        path.setAttribute('d', d);
        return path;
    }));
    return svg;
}

function listOf(steps, word) {
    const list = document.createElement('ol');
    list.append(...steps.map((key) => {
        const item = document.createElement('li');
        const said = document.createElement('span');
        said.textContent = word(key);
        item.append(draw(key), said);
        return item;
    }));
    return list;
}

export const browserOf = (agent) =>
    BROWSERS.findIndex((b) => b.is.test(agent) && !b.not?.test(agent));

export function drawSteps(place, word, agent = navigator.userAgent) {
    const mine = browserOf(agent);
    const ordered = BROWSERS.map((b, i) => [i === mine, b]).sort((a, b) => b[0] - a[0]);
    place.replaceChildren(...ordered.map(([isMine, { name, steps }]) => {
        const part = document.createElement('details');
        const title = document.createElement('summary');
        part.open = isMine;
        title.textContent = name;
        part.append(title, listOf(steps, word));
        return part;
    }));
}
