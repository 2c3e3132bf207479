// What the phone keeps: memberships (addresses, account, keys) and each kiosk's freshness marks.
// Nothing else: no message, no state, no time. `area` is localStorage or a stand-in of the tests.

const KEY = 'k1';

export function openStore(area) {
    const data = load(area);
    const save = () => area.setItem(KEY, JSON.stringify(data));
    return {
        memberships: () => data.memberships,
        marks: (kiosk) => data.marks[kiosk] ?? null,
        setMarks(kiosk, marks) {
            data.marks[kiosk] = marks;
            save();
        },
        // Replaces a membership of the same kiosk.
        addMembership(membership) {
            data.memberships = data.memberships.filter((m) => m.kiosk !== membership.kiosk);
            data.memberships.push(membership);
            save();
        },
        retire(kiosk) {
            data.retired = [...new Set([...data.retired, kiosk])];
            save();
        },
        isRetired: (kiosk) => data.retired.includes(kiosk),
        forget() {
            data.memberships = [];
            data.marks = {};
            data.retired = [];
            area.clear();
        },
    };
}

function load(area) {
    const empty = { memberships: [], marks: {}, retired: [] };
    try {
        return { ...empty, ...JSON.parse(area.getItem(KEY) ?? '{}') };
    } catch {
        return empty;
    }
}
