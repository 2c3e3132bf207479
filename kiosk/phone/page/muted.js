// Silent mode and Do Not Disturb: no page can sound on a phone that is muted, so it says how to set the
// phone; first for the system that this one has.

import { setText } from './draw.js';

const SYSTEMS = ['mutedAndroid', 'mutedIphone'];

export function drawMuted(place, word, agent = navigator.userAgent) {
    const [why, ...steps] = place.querySelectorAll('p');
    const order = /iP(hone|ad|od)/.test(agent) ? [...SYSTEMS].reverse() : SYSTEMS;
    setText(place.querySelector('summary'), word('mutedTitle'));
    setText(why, word('mutedText'));
    steps.forEach((step, i) => setText(step, word(order[i], { name: word('name') })));
}
