// The browser's storage, or null where it allows none: cookies blocked, or a private window.

export function openArea() {
    try {
        const area = globalThis.localStorage;
        area.getItem('k1');
        return area;
    } catch {
        return null;
    }
}

// Asks the browser not to evict the keys when room is short. It may refuse; it asks nobody.
export function persist() {
    return navigator.storage?.persist?.().catch(() => false) ?? Promise.resolve(false);
}
