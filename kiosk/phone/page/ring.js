// "Will this phone ring?": the phone is locked, a test goes out to it alone, and what came of it is
// judged. The service worker says whether the page was hidden when the test came: a browser does not
// distinguish a locked phone from one that shows something else.

import { setText } from './draw.js';
import { drawMuted } from './muted.js';
import { lastReached } from './report.js';
import { askTest, canWake, collectRings, doubt, isOffered, KNOWN, subscribe } from './wake.js';

const $ = (id) => document.getElementById(id);
const LOOK = 5000; // ms
const PATIENCE = 60000; // ms from the start; the relay sends after 10 s

// onRings(): this phone has a subscription that its relays know.
export function openRing({ words, sessions, push, onClose, onRings }) {
    const { word } = words;
    let since = null;
    let reached = null; // when a test last reached this phone
    const say = (key) => setText($('ring-said'), key ? word(key) : '');

    async function look() {
        const home = new URL('./', location.href).href;
        reached = await lastReached(home);
    }

    function rung(rang) {
        look();
        if (rang.test && (since === null || rang.at >= since)) {
            since = null;
            $('ring-start').disabled = false;
            say(rang.hidden ? 'ringGood' : 'ringOpen');
        }
    }

    async function judge() {
        if (since === null || Date.now() - since < PATIENCE || document.hidden) {
            return;
        }
        await collectRings(rung);
        if (since !== null) {
            since = null;
            $('ring-start').disabled = false;
            say('ringBad');
            doubt(sessions());
        }
    }

    async function start() {
        if (await Notification.requestPermission() !== 'granted') {
            say('soundOff');
            return;
        }
        $('ring-start').disabled = true;
        try {
            await subscribe(sessions());
            onRings();
            await askTest(sessions());
            since = Date.now();
            say('ringWait');
        } catch (error) {
            $('ring-start').disabled = false;
            say(error instanceof AggregateError ? 'ringNoRelay' :
                KNOWN.includes(error.message) ?
                    `willNotRing-${error.message}` : 'ringNoService');
        }
    }

    function draw() {
        const offered = isOffered(sessions());
        const able = offered && canWake();
        setText($('ring-title'), word('ringTitle'));
        setText($('ring-text'), word(able ? 'ringText' : offered ? 'ringNone' : 'ringDrill'));
        setText($('ring-start'), word('ringStart'));
        setText($('ring-last'), !able ? '' : reached === null ? word('weeklyNone') :
            word('weeklyLast', { time: words.dateOf(reached) }));
        drawMuted($('muted'), word);
        setText($('ring-close'), word('close'));
        $('ring-start').hidden = !able;
        $('push').hidden = push() === null;
        if (push() !== null) {
            $('push').href = push();
            setText($('push'), word('push'));
        }
    }

    $('ring-start').onclick = start;
    $('ring-close').onclick = onClose;
    setInterval(judge, 1000);
    setInterval(look, LOOK);
    look();
    return { draw, rung };
}
