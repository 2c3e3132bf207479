// The report that a test has arrived (kiosk/core/push_offer.h, form 12), made and sent by the service
// worker: with the browser's own cryptography, and as little MQTT 5 as one message needs. The page's
// libraries are too large for a worker that is woken for a second.

import { concat, fromBase64Url, fromHex, u16, utf8 } from './bytes.js';

const SIZE = 768;
const FORM = [2, 12];
const [CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT] = [1, 2, 3, 4, 14];
const KEEPALIVE = 10; // s
const EXPIRY = 600; // s
const PATIENCE = 8000; // ms, for the broker's answers

// `auth`: base64url, the subscription's; `nonce`: the test's, hex.
export async function writeArrived(subtle, { venue, account, auth }, nonce) {
    const key = await subtle.importKey('raw', fromBase64Url(auth), { name: 'HMAC', hash: 'SHA-256' },
        false, ['sign']);
    const mac = await subtle.sign('HMAC', key,
        concat(utf8('porchlight-arrived\0'), ...[venue, account, nonce].map(fromHex)));
    const wire = new Uint8Array(SIZE);
    wire.set([...FORM, ...new Uint8Array(mac)]);
    return wire;
}

const text = (t) => concat(u16(utf8(t).length), utf8(t));

function packet(kind, flags, ...parts) {
    const body = concat(...parts);
    const length = [];
    for (let n = body.length; n > 0 || length.length === 0; n = Math.floor(n / 128)) {
        length.push(n % 128 + (n >= 128 ? 128 : 0));
    }
    return concat([kind << 4 | flags, ...length], body);
}

export const connectPacket = (account, password) => packet(CONNECT, 0, text('MQTT'),
    [5, 0xc2], u16(KEEPALIVE), [0], text(account), text(account), text(password));

export const publishPacket = (topic, wire) => packet(PUBLISH, 2, text(topic), u16(1),
    [5, 2, 0, 0], u16(EXPIRY), wire);

// Resolves once the broker at `url` has taken the message for somebody.
export function publishOnce(url, { account, password, topic }, wire, Socket = WebSocket) {
    return new Promise((done, fail) => {
        const socket = new Socket(url, 'mqtt');
        const timer = setTimeout(() => end(fail), PATIENCE);
        function end(how) {
            clearTimeout(timer);
            socket.close();
            how(how === fail ? new Error('not taken') : undefined);
        }
        socket.binaryType = 'arraybuffer';
        socket.onopen = () => socket.send(connectPacket(account, password));
        socket.onclose = socket.onerror = () => end(fail);
        socket.onmessage = ({ data }) => {
            const came = new Uint8Array(data);
            const kind = came[0] >> 4;
            const reason = kind === CONNACK ? came[3] : came.length > 4 ? came[4] : 0;
            if (reason !== 0) {
                end(fail);
            } else if (kind === CONNACK) {
                socket.send(publishPacket(topic, wire));
            } else if (kind === PUBACK) {
                socket.send(packet(DISCONNECT, 0));
                socket.onclose = null;
                end(done);
            }
        };
    });
}
