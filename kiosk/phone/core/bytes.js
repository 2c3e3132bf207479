// Small things about bytes. Hex is lower case; numbers on the wire are big endian.

export function fromHex(text) {
    if (typeof text !== 'string' || text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
        throw new TypeError('not lower-case hex');
    }
    const out = new Uint8Array(text.length / 2);
    for (let i = 0; i < out.length; i++) {
        out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
    }
    return out;
}

export function toHex(bytes) {
    return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export function utf8(text) {
    return new TextEncoder().encode(text);
}

// Refuses bytes that are no UTF-8.
export function fromUtf8(bytes) {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

export function concat(...parts) {
    const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
    let at = 0;
    for (const p of parts) {
        out.set(p, at);
        at += p.length;
    }
    return out;
}

// Integers below 2^53, in eight bytes.
export function u64(n) {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, BigInt(n));
    return out;
}

// The number in eight bytes, or -1 where it is 2^53 or more.
export function readU64(bytes, at) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const n = view.getBigUint64(at);
    return n < 2n ** 53n ? Number(n) : -1;
}

export function u16(n) {
    return Uint8Array.of(n >> 8, n & 0xff);
}

export function toBase64Url(bytes) {
    return btoa(String.fromCharCode(...bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replace(/=+$/, '');
}

export function fromBase64Url(text) {
    const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

// 16 bytes as a UUID.
export function uuidText(bytes) {
    const hex = toHex(bytes);
    return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([a, b]) => hex.slice(a, b))
        .join('-');
}
