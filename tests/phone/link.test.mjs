// How long a broker may take: a link that needs seconds for each round trip comes up all the same.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import test from 'node:test';
import { openLink } from '../../kiosk/phone/core/link.js';

// Takes the place of MQTT.js; `tries` are the clients that were asked for.
function stub() {
    const tries = [];
    return { tries, connect: (url, options) => {
        const client = Object.assign(new EventEmitter(), { options, end() {},
            subscribe: (topics, how, done) => done(null) });
        tries.push(client);
        return client;
    } };
}

function opened(mqtt) {
    const seen = [];
    const link = openLink(mqtt, { url: 'wss://b', account: 'a', password: 'p', topics: ['t'],
        onMessage() {}, onChange: (status) => seen.push(status) });
    return { link, seen };
}

test('each attempt that fails lets the next one take longer, up to 20 s', () => {
    const mqtt = stub();
    const { link } = opened(mqtt);
    for (let i = 0; i < 4; i++) {
        mqtt.tries.at(-1).emit('close');
        link.wake(false);
    }
    link.close();
    assert.deepEqual(mqtt.tries.map((t) => t.options.connectTimeout),
        [4000, 8000, 16000, 20000, 20000]);
});

test('one that is let in and receives nothing more begins again', () => {
    const { setTimeout } = globalThis;
    const waiting = [];
    globalThis.setTimeout = (run, ms) => waiting.push({ run, ms });
    const mqtt = stub();
    const { link } = opened(mqtt);
    try {
        mqtt.tries[0].subscribe = () => {};
        mqtt.tries[0].emit('connect');
        waiting.find((w) => w.ms === 4000)?.run();
        waiting.at(-1)?.run(); // the pause before the next attempt
        assert.equal(mqtt.tries.length, 2);
    } finally {
        link.close();
        globalThis.setTimeout = setTimeout;
    }
});

test('a quick connection makes it impatient again', () => {
    const mqtt = stub();
    const { link, seen } = opened(mqtt);
    mqtt.tries[0].emit('close');
    link.wake(false);
    mqtt.tries[1].emit('connect');
    assert.equal(link.status(), 'up');
    mqtt.tries[1].emit('close');
    link.wake(false);
    link.close();
    assert.deepEqual(seen, ['up', 'down']);
    assert.equal(mqtt.tries[2].options.connectTimeout, 8000);
});

test('a password that is refused is no slow link', () => {
    const mqtt = stub();
    const { link } = opened(mqtt);
    mqtt.tries[0].emit('error', { code: 0x87 });
    mqtt.tries[0].emit('close');
    assert.equal(link.status(), 'refused');
    link.wake(false);
    link.close();
    assert.equal(mqtt.tries[1].options.connectTimeout, 4000);
});

// A connection that was up before a sleep of so many hours; `answers`: the broker is still there.
function woken(hours, answers, run) {
    const { now } = Date;
    const mqtt = stub();
    const { link, seen } = opened(mqtt);
    try {
        mqtt.tries[0].emit('connect');
        mqtt.tries[0].subscribe = (topic, how, done) => answers && done(null);
        Date.now = () => now() + hours * 3600000;
        link.wake(false);
        run({ link, seen });
    } finally {
        Date.now = now;
        link.close();
    }
}

test('what was up before a sleep is asked, and up once it has answered', () => {
    woken(3, false, ({ link, seen }) => {
        assert.equal(link.status(), 'asked');
        assert.deepEqual(seen, ['up', 'asked']);
    });
    woken(3, true, ({ seen }) => assert.deepEqual(seen, ['up', 'asked', 'up']));
    woken(-3, true, ({ seen }) => assert.deepEqual(seen, ['up', 'asked', 'up']));
});

test('what has just brought something is believed, unless the network has changed', () => {
    woken(0, false, ({ link, seen }) => {
        assert.deepEqual(seen, ['up']);
        link.wake(true);
        assert.equal(link.status(), 'asked');
    });
});

test('one waking is several events, and one attempt', () => {
    const mqtt = stub();
    const { link } = opened(mqtt);
    for (let i = 0; i < 5; i++) {
        link.wake(false);
    }
    link.close();
    assert.equal(mqtt.tries.length, 1);
});
