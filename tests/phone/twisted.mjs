// The message of a row of `refused` in tests/vectors: the good one changed as it says, or another one.

export function twisted(good, { xor, cut, add, wire }) {
    const data = wire ? new Uint8Array(Buffer.from(wire, 'base64')) : good;
    const out = new Uint8Array(cut ?? data.length + (add ?? 0));
    out.set(data.subarray(0, out.length));
    if (xor) {
        out[xor[0]] ^= xor[1];
    }
    return out;
}
