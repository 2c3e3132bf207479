// Gives what the phones of simulated nights went through to the page's own JavaScript, and compares
// what it judges and shows with what C did.
//
//     build/nights/nights --seed 1 --count 20 --transcript FILE && node tests/nights/replay.mjs FILE

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { readMessage, readBoxed } from '../../kiosk/phone/core/message.js';
import { freshnessAsk } from '../../kiosk/phone/core/freshness.js';
import { RULES, viewInit, viewLink, viewLook, viewRoot, viewStep } from '../../kiosk/phone/core/view.js';

const NS_PER_MS = 1e6; // the night's times are in ns, and whole 64ths of a ms, so that nothing is rounded
const SHOWN = ['show', 'duress', 'code', 'drill', 'silent', 'stale', 'delayed', 'undated', 'held', 'late'];

let night = null;
let views = new Map();
let nights = 0;
let compared = 0;
const differences = [];

function differ(line, what, mine) {
    differences.push(`night ${night}, ${line.phone}, ${(line.at / 1e9).toFixed(3)} s: ` +
        `C has ${what}, the page ${mine}`);
}

function replay(line) {
    if ('night' in line) {
        night = line.night;
        views = new Map();
        nights++;
        return;
    }
    const before = views.get(line.phone) ?? viewInit();
    const at = line.at / NS_PER_MS;
    let after = before;
    if ('link' in line) {
        after = viewLink(before, line.link, at);
    } else if ('ask' in line) {
        after = { ...before, fresh: freshnessAsk(before.fresh, line.ask, at) };
    } else if ('root' in line) {
        const retired = /^0*$/.test(line.root.retired) ? null : line.root.retired;
        [, after] = viewRoot(before, { made: 0, ...line.root, retired }, line.public, at);
    } else if ('message' in line) {
        const text = JSON.stringify(line.message);
        const message = line.box ? readBoxed(text, line.topic, line.box) :
            readMessage(text, line.topic, line.message);
        const word = { message, retained: line.retained, wallAge: line.wallAge < 0 ? -1 : line.wallAge / NS_PER_MS,
            proved: line.proved ?? null };
        let verdict;
        [verdict, after] = viewStep(before, word, { staff: line.staff, plain: false }, at);
        compared++;
        if (verdict !== line.verdict) {
            differ(line, `"${line.verdict}" for ${message.kind}`, `"${verdict}"`);
        }
    } else {
        const shown = viewLook(before, RULES, { staff: line.staff }, at);
        compared++;
        for (const key of SHOWN.filter((k) => shown[k] !== line[k])) {
            differ(line, `${key} ${line[key]}`, shown[key]);
        }
    }
    views.set(line.phone, after);
}

const lines = createInterface({ input: createReadStream(process.argv[2]), crlfDelay: Infinity });
for await (const line of lines) {
    replay(JSON.parse(line));
}
console.log(`${nights} nights, ${compared} comparisons, ${differences.length} differences`);
differences.slice(0, 20).forEach((d) => console.log(d));
process.exit(differences.length > 0 || compared === 0 ? 1 : 0);
