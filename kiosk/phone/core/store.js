// What the phone keeps: memberships (addresses, account, keys) and, for each kiosk, what view.js
// calls worth keeping: the highest epoch and seq, whether it is disowned, and a lockdown that
// nobody has proved over. No message, no time. `area` is localStorage or a stand-in of the tests.

const KEY = 'k1';

export function openStore(area) {
    const data = load(area);
    const save = () => area.setItem(KEY, JSON.stringify(data));
    // A phone whose storage is full must ring all the same: until the page ends, memory keeps it.
    const trySave = () => {
        try {
            save();
        } catch {
            // there is nothing to do but make room
        }
    };
    return {
        memberships: () => data.memberships,
        kept: (kiosk) => data.kept[kiosk] ?? {},
        // Of what it is no member of, or no more, nothing is kept.
        keep(kiosk, kept) {
            if (data.memberships.some((m) => m.kiosk === kiosk) &&
                JSON.stringify(data.kept[kiosk]) !== JSON.stringify(kept)) {
                data.kept[kiosk] = kept;
                trySave();
            }
        },
        // New keys, for a member alone: who forgot everything is none.
        renew(membership) {
            const at = data.memberships.findIndex((m) => m.kiosk === membership.kiosk);
            if (at >= 0) {
                data.memberships[at] = membership;
                trySave();
            }
        },
        // Replaces a membership of the same kiosk.
        addMembership(membership) {
            data.memberships = data.memberships.filter((m) => m.kiosk !== membership.kiosk);
            data.memberships.push(membership);
            save();
        },
        forget() {
            data.memberships = [];
            data.kept = {};
            area.clear();
        },
    };
}

function load(area) {
    const empty = { memberships: [], kept: {} };
    try {
        return { ...empty, ...JSON.parse(area.getItem(KEY) ?? '{}') };
    } catch {
        return empty;
    }
}
