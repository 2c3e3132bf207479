// The icon, drawn here instead of kept as a picture: a plain kettle in a disc, as PNG.

import * as zlib from 'node:zlib';

const PAPER = [248, 244, 236];
const INK = [61, 106, 96];

// Whether a point of the unit square is inked.
function inked(x, y) {
    const inside = (cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
    const body = inside(0.47, 0.6, 0.21, 0.17) && y < 0.73;
    const lid = inside(0.47, 0.445, 0.1, 0.035) || inside(0.47, 0.4, 0.025, 0.025);
    const handle = inside(0.47, 0.44, 0.19, 0.19) && !inside(0.47, 0.44, 0.155, 0.155) && y < 0.47;
    const spout = x > 0.6 && x < 0.79 && Math.abs(y - (0.6 - (x - 0.62) * 1.05)) < 0.045 - (x - 0.6) * 0.1;
    return body || lid || handle || spout;
}

function crc32(bytes) {
    if (zlib.crc32) {
        return zlib.crc32(bytes);
    }
    let crc = ~0;
    for (const b of bytes) {
        crc ^= b;
        for (let i = 0; i < 8; i++) {
            crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc >>> 0;
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
    return out;
}

export function icon(size) {
    const SUB = 3;
    const rows = [];
    for (let y = 0; y < size; y++) {
        const row = Buffer.alloc(1 + 3 * size);
        for (let x = 0; x < size; x++) {
            let hits = 0;
            for (let s = 0; s < SUB * SUB; s++) {
                hits += inked((x + ((s % SUB) + 0.5) / SUB) / size,
                    (y + (Math.floor(s / SUB) + 0.5) / SUB) / size);
            }
            const part = hits / (SUB * SUB);
            PAPER.forEach((p, i) => {
                row[1 + 3 * x + i] = Math.round(p + (INK[i] - p) * part);
            });
        }
        rows.push(row);
    }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(size, 0);
    head.writeUInt32BE(size, 4);
    head.set([8, 2, 0, 0, 0], 8);
    return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
        chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(Buffer.concat(rows), { level: 9 })),
        chunk('IEND', Buffer.alloc(0))]);
}
