// What the phone keeps: memberships (addresses, account, keys); for each kiosk what view.js calls
// worth keeping, and the host's own lines; while an alert is active what core/facts.js keeps of it; and what was chosen of
// sound and ringing. `area` is localStorage, a stand-in of the tests, or null where the browser
// allows no storage: then nothing outlives the page.

import { NO_WORDS } from './host_words.js';

const KEY = 'k1';
const PROBE = 'k1-probe';
const ROOM = 4096; // characters: a membership with four brokers needs about half

export function openStore(area) {
    let data = load(area);
    let unsaved = false;
    const save = () => {
        if (area === null) {
            throw new Error('no storage');
        }
        unsaved = true;
        area.setItem(KEY, JSON.stringify(data));
        unsaved = false;
    };
    // A phone whose storage is full must ring all the same: until the page ends, memory keeps it.
    const trySave = () => {
        try {
            save();
        } catch {
            // the page says so, and tries again
        }
    };
    const isMember = (kiosk) => data.memberships.some((m) => m.kiosk === kiosk);
    const put = (part, key, value) => {
        if (JSON.stringify(data[part]?.[key]) === JSON.stringify(value)) {
            return;
        }
        data[part] = { ...data[part], [key]: value };
        if (Object.values(data[part]).every((v) => v === undefined)) {
            delete data[part];
        }
        trySave();
    };
    return {
        memberships: () => data.memberships,
        kept: (kiosk) => data.kept[kiosk] ?? {},
        // Of what it is no member of, or no more, nothing is kept.
        keep: (kiosk, kept) => isMember(kiosk) && put('kept', kiosk, kept),
        // What is known of the active alert (core/facts.js); undefined forgets it.
        night: (kiosk) => data.nights?.[kiosk] ?? null,
        keepNight: (kiosk, night) => isMember(kiosk) && put('nights', kiosk, night),
        // The host's own lines (core/host_words.js).
        words: (kiosk) => data.words?.[kiosk] ?? NO_WORDS,
        keepWords: (kiosk, words) => isMember(kiosk) && put('words', kiosk, words),
        // What was chosen on this phone: 'ring' and 'sound'.
        choice: (name) => data.choices?.[name] ?? null,
        choose: (name, value) => put('choices', name, value),
        // New keys, for a member alone: who forgot everything is none.
        renew(membership) {
            const at = data.memberships.findIndex((m) => m.kiosk === membership.kiosk);
            if (at >= 0) {
                data.memberships[at] = membership;
                trySave();
            }
        },
        // Replaces a membership of the same kiosk, in its place.
        addMembership(membership) {
            const at = data.memberships.findIndex((m) => m.kiosk === membership.kiosk);
            data.memberships = at < 0 ? [...data.memberships, membership] :
                data.memberships.map((m, i) => (i === at ? membership : m));
            save();
        },
        // Whether a membership could be kept: null, or 'blocked' or 'full'. Writes and takes away.
        trouble() {
            if (area === null) {
                return 'blocked';
            }
            try {
                area.setItem(PROBE, 'x'.repeat(ROOM));
                const kept = area.getItem(PROBE) !== null;
                area.removeItem(PROBE);
                return kept ? null : 'blocked';
            } catch (error) {
                return error?.name === 'SecurityError' ? 'blocked' : 'full';
            }
        },
        unsaved: () => unsaved,
        tryAgain: () => unsaved && trySave(),
        // Another window may have written meanwhile.
        reload() {
            if (!unsaved) {
                data = load(area);
            }
        },
        // Another window has forgotten everything.
        forgotten() {
            data = empty();
            unsaved = false;
        },
        forget() {
            data = empty();
            unsaved = false;
            area?.clear();
        },
    };
}

const empty = () => ({ memberships: [], kept: {} });

function load(area) {
    try {
        const data = { ...empty(), ...JSON.parse(area?.getItem(KEY) ?? '{}') };
        return Array.isArray(data.memberships) && data.kept instanceof Object ? data : empty();
    } catch {
        return empty();
    }
}
