// The page before (or besides) a membership: an invitation is scanned, pasted, shared with the page, or
// came with the link. It is redeemed only where its keys will live: a home-screen app has storage of
// its own. Whatever would burn it is found out before.

import { drawPhone, enrol } from '../core/enrol.js';
import { changesOf, readInvitation } from '../core/invitation.js';
import { persist } from './area.js';
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
// `libraries`: a promise of {mqtt, sodium}. `serverNow()`: a promise of the time by the page's server,
// 0 where it cannot be asked: then the kiosk alone judges whether an invitation has expired.
export function openJoin({ libraries, words, store, serverNow, joined }) {
    const { word } = words;
    const say = (key) => setText($('join-said'), key ? word(key) : '');
    const drawn = new Map(); // by account, for another attempt with the same invitation

    function showDigits(digits) {
        say('joinDigits');
        setText($('join-digits'), `${digits.slice(0, 3)} ${digits.slice(3)}`);
        $('join-digits').hidden = false;
    }

    // Asks before a kiosk that the phone knows gets this phone under new keys.
    function ask(changes) {
        $('known').querySelector('ul').replaceChildren(...changes.map((key) => {
            const item = document.createElement('li');
            item.textContent = word(key);
            return item;
        }));
        setText($('known').querySelector('p'), word('known'));
        setText($('known-go'), word('knownGo'));
        setText($('known-stop'), word('cancel'));
        $('known').hidden = false;
        $('join-form').hidden = true;
        say(null);
        $('known-go').focus();
        return new Promise((done) => {
            const end = (yes) => () => {
                $('known').hidden = true;
                $('join-form').hidden = false;
                done(yes);
            };
            $('known-go').onclick = end(true);
            $('known-stop').onclick = end(false);
        });
    }

    async function redeem(text) {
        const invitation = readInvitation(text);
        const trouble = store.trouble();
        if (invitation === null || trouble !== null) {
            say(invitation === null ? 'joinBad' :
                trouble === 'full' ? 'joinStorageFull' : 'joinStorageBlocked');
            return;
        }
        const changes = changesOf(invitation, store.memberships());
        if (changes !== null && !await ask(changes)) {
            return;
        }
        say('joining');
        $('join-button').disabled = true;
        try {
            persist();
            const [{ mqtt, sodium }, now] = await Promise.all([libraries, serverNow()]);
            const phone = drawn.get(invitation.account) ?? drawPhone(sodium);
            drawn.set(invitation.account, phone);
            const membership = await enrol({ mqtt, sodium, invitation, phone,
                known: store.memberships(), onDigits: showDigits, now });
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
    setText($('join-before'), word('joinBefore'));
    setText(document.querySelector('label[for=paste]'), word('paste'));
    setText($('scan'), word('scan'));
    setText($('join-button'), word('join'));
    setText($('paste-button'), word('pasteButton'));
    $('paste-button').hidden = !navigator.clipboard?.readText;
    $('paste-button').onclick = async () => {
        try {
            $('paste').value = await navigator.clipboard.readText();
        } catch {
            $('paste').focus(); // not allowed: by hand, then
        }
    };
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

    // The steps of this phone's browser, and the ways in which the invitation gets into the app.
    async function drawInstall(text) {
        setText($('install').querySelector('p'), word('installFirst'));
        setText($('copy'), word('copy'));
        setText($('share'), word('share'));
        setText($('here'), word('here'));
        const link = `${location.origin}${location.pathname}${text.startsWith('#') ? '' : '#'}${text}`;
        const shared = { text: link };
        $('share').hidden = !navigator.canShare?.(shared);
        $('share').onclick = () => navigator.share(shared).catch(() => {});
        $('copy').onclick = async () => {
            await navigator.clipboard.writeText(link);
            say('copied');
        };
        $('here').onclick = () => {
            $('install').hidden = true;
            $('join-form').hidden = false;
            redeem(text);
        };
        const { drawSteps } = await import('./steps.js');
        drawSteps($('install-steps'), word);
    }

    function offer(text) {
        $('paste').value = text;
        $('install').hidden = isInstalled();
        $('join-form').hidden = !$('install').hidden;
        if (!isInstalled()) {
            drawInstall(text).catch(() => {}); // without the pictures, then
        }
    }
    return { offer };
}
