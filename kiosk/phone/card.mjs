// The member's card of one language as a page to print: black on white, eight panels that fold three
// times to the size of a pocket. Its words and shapes are the page's own.

import { SHAPES } from './page/shapes.js';

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function shape(name, drill) {
    const parts = SHAPES[name].map(([kind, d]) => `<path class="${kind}" d="${d}"/>`);
    const ring = drill ? '<circle class="thin" cx="50" cy="50" r="47"/>' : '';
    return `<svg viewBox="0 0 100 100" aria-hidden="true">${parts.join('')}${ring}</svg>`;
}

const panel = (picture, title, ...texts) => `<section>${picture}<div><h2>${escape(title)}</h2>${
    texts.map((t) => `<p>${escape(t)}</p>`).join('')}</div></section>`;

// `words`: of words/LANGUAGE.json.
export function card(language, words) {
    const word = (key) => Object.entries({ wake: words.wake, seen: words.seen, safe: words.safe })
        .reduce((text, [k, v]) => text.replace(`{${k}}`, v), words[key]);
    const state = (name) => panel(shape(name), word(name), word(`${name}Text`));
    return `<!doctype html>
<html lang="${language}" dir="${words.dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(words.name)}</title>
<link rel="stylesheet" href="card.css">
</head>
<body>
<main>
<section class="cover"><div><h1>${escape(word('cardTitle'))}</h1><p>${escape(word('cardOpen'))}</p>
<p>${escape(word('cardAnswer'))}</p></div></section>
${state('lockdown')}
${state('caution')}
${state('unconfirmed')}
${state('all-clear')}
${panel(shape('lockdown', true), word('drill'), word('drillText'), word('cardDrill'))}
${panel(shape('lost'), word('lost'), word('lostText'))}
${panel(shape('unknown'), word('unknown'), word('cardUnknown'), word('cardKeep'))}
</main>
</body>
</html>
`;
}
