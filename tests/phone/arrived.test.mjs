// One message of MQTT 5, as the service worker sends it, against a broker that answers as it is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectPacket, publishOnce, publishPacket } from '../../kiosk/phone/core/arrived.js';

const ascii = (bytes) => String.fromCharCode(...bytes);

test('the packets are those of MQTT 5', () => {
    const connect = connectPacket('0011223344556677', 'a password of the phone');
    assert.deepEqual([...connect.subarray(0, 13)],
        [0x10, connect.length - 2, 0, 4, 77, 81, 84, 84, 5, 0xc2, 0, 10, 0]);
    assert.equal(ascii(connect.subarray(13)),
        '\0\x100011223344556677\0\x100011223344556677\0\x17a password of the phone');
    const publish = publishPacket('a/topic', new Uint8Array(768).fill(7));
    const length = 2 + 7 + 2 + 1 + 5 + 768;
    assert.deepEqual([...publish.subarray(0, 3)], [0x32, length % 128 + 128, Math.floor(length / 128)]);
    assert.equal(publish.length, 3 + length);
    assert.deepEqual([...publish.subarray(3, 20)],
        [0, 7, ...new TextEncoder().encode('a/topic'), 0, 1, 5, 2, 0, 0, 2, 88]);
});

// `answers`: what it says to each packet; null: nothing, and it hangs up.
function broker(answers) {
    const got = [];
    return { got, Socket: class {
        constructor(url, protocol) {
            got.push(`${url} ${protocol}`);
            queueMicrotask(() => this.onopen());
        }

        send(data) {
            got.push(data[0]);
            const answer = answers.shift();
            queueMicrotask(() => (answer ? this.onmessage({ data: Uint8Array.from(answer).buffer }) :
                this.onclose?.()));
        }

        close() {}
    } };
}

const said = (answers) => {
    const { got, Socket } = broker(answers);
    return publishOnce('wss://b/mqtt', { account: '0011223344556677', password: 'p', topic: 't' },
        new Uint8Array(768), Socket).then(() => got);
};

test('it connects, publishes once it is let in, and leaves', async () => {
    assert.deepEqual(await said([[0x20, 3, 0, 0, 0], [0x40, 2, 0, 1]]),
        ['wss://b/mqtt mqtt', 0x10, 0x32, 0xe0]);
});

for (const [why, answers] of [['the account is refused', [[0x20, 3, 0, 0x86, 0]]],
    ['nobody has subscribed', [[0x20, 3, 0, 0, 0], [0x40, 4, 0, 1, 0x10, 0]]],
    ['the broker hangs up', [null]],
    ['the broker hangs up before it has taken it', [[0x20, 3, 0, 0, 0], null]]]) {
    test(`it fails where ${why}`, () => assert.rejects(said(answers)));
}
