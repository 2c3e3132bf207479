// The page before (or besides) a membership: an invitation is scanned, pasted, or came with the
// link. It is redeemed only where its keys will live: a home-screen app has storage of its own.

import { drawPhone, enrol } from '../core/enrol.js';
import { readInvitation } from '../core/invitation.js';
import { setText } from './draw.js';
import { scan } from './scan.js';

const $ = (id) => document.getElementById(id);

export function isInstalled() {
    return matchMedia('(display-mode: standalone)').matches || navigator.standalone === true;
}

// The invitation in the address bar, taken out of it (and of the history) at once.
export function takeFragment() {
    const text = location.hash;
    if (text.length > 1) {
        history.replaceState(null, '', location.pathname);
    }
    return text.length > 1 ? text : null;
}

// joined(membership) when the phone is a member.
// `libraries`: a promise of {mqtt, sodium}. `known()`: the memberships that this phone has.
export function openJoin({ libraries, word, known, joined }) {
    const say = (key) => setText($('join-said'), key ? word(key) : '');
    const drawn = new Map(); // by account, for another attempt with the same invitation

    function showDigits(digits) {
        say('joinDigits');
        setText($('join-digits'), `${digits.slice(0, 3)} ${digits.slice(3)}`);
        $('join-digits').hidden = false;
    }

    async function redeem(text) {
        const invitation = readInvitation(text);
        if (invitation === null) {
            say('joinBad');
            return;
        }
        say('joining');
        $('join-button').disabled = true;
        try {
            const { mqtt, sodium } = await libraries;
            const phone = drawn.get(invitation.account) ?? drawPhone(sodium);
            drawn.set(invitation.account, phone);
            const membership = await enrol({ mqtt, sodium, invitation, phone, known: known(),
                onDigits: showDigits });
            $('paste').value = '';
            say('joined');
            joined(membership);
        } catch (error) {
            say(error.message.startsWith('join') ? error.message : 'joinSilent');
        } finally {
            $('join-digits').hidden = true;
            $('join-button').disabled = false;
        }
    }

    setText($('join-title'), word('joinTitle'));
    setText($('join-text'), word('joinText'));
    setText(document.querySelector('label[for=paste]'), word('paste'));
    setText($('scan'), word('scan'));
    setText($('join-button'), word('join'));
    $('join-form').onsubmit = (e) => {
        e.preventDefault();
        redeem($('paste').value);
    };
    $('scan').onclick = async () => {
        try {
            redeem(await scan($('camera'), (text) => readInvitation(text) !== null));
        } catch {
            say('noCamera');
        }
    };

    function offer(text) {
        $('paste').value = text;
        $('install').hidden = isInstalled();
        setText($('install').querySelector('p'), word('installFirst'));
        setText($('copy'), word('copy'));
        setText($('here'), word('here'));
        $('join-form').hidden = !$('install').hidden;
        $('copy').onclick = async () => {
            await navigator.clipboard.writeText(text);
            say('copied');
        };
        $('here').onclick = () => {
            $('install').hidden = true;
            $('join-form').hidden = false;
            redeem(text);
        };
    }
    return { offer };
}
