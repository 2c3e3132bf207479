// One connection to one broker, kept up. MQTT 5, falling back to 3.1.1 where the broker refuses 5.
// The pauses between attempts grow with jitter; nothing that a broker answers ends them.

const KEEPALIVE = 60; // s; a hidden page's timers may turn only once a minute
const QUIET = 8000; // ms; a kiosk beats every 5 s: after this much silence the broker is asked
const TIMEOUT = 4000; // ms for a broker to connect, or to answer; on a slow link it becomes more
const LONGEST_TIMEOUT = 20000;
const FIRST_PAUSE = 500; // ms
const BEGUN = 1000; // ms; one waking is several events, and begins one attempt
const LONGEST_PAUSE = 8000;
const REFUSED_LONGEST = 30000; // a password that stays wrong is not asked about more often

const SUSPICION = 2000; // ms: a connection that ends sooner after an optional wish was ended by that

const NOBODY = 0x10; // a PUBACK's reason: no matching subscribers
const UNSUPPORTED = [0x84, 1];
const NOT_AUTHORIZED = [0x86, 0x87, 4, 5];

// `mqtt` is MQTT.js; `ping` is one of the topics, with nothing retained on it. `wishes`: topics that it
// can do without, asked for once it is up: refused or not, and a broker that hangs up at them is not
// asked again.
// onMessage(topic, payload, {retained, dup}); onChange(status) with 'up', 'down', 'refused' (the
// account is not let in) or 'asked' (it was up before a sleep, and has not answered since).
export function openLink(mqtt, { url, account, password, topics, wishes = [], ping, onMessage,
    onChange }) {
    let client = null;
    let version = 5;
    let pause = FIRST_PAUSE;
    let patience = TIMEOUT;
    let timer = null;
    let late = null; // until when this connection may take to come up
    let status = 'down';
    let closed = false;
    let receivedAt = 0;
    let receivedWall = 0;
    let beganAt = 0; // the last attempt to connect
    let asked = false;
    let doubted = false;
    let wished = null; // since when the wishes wait for an answer
    const unread = new Set(); // ids of messages that this connection's broker gave to nobody

    const shown = () => (status === 'up' && doubted ? 'asked' : status);
    const report = (next, doubts = false) => {
        const before = shown();
        status = next;
        doubted = doubts;
        if (shown() !== before && !closed) {
            onChange(shown());
        }
    };
    const received = () => {
        receivedAt = performance.now();
        receivedWall = Date.now();
    };

    function again(longest) {
        if (closed) {
            return;
        }
        clearTimeout(timer);
        timer = setTimeout(connect, pause * (0.5 + Math.random() / 2));
        pause = Math.min(pause * 2, longest);
    }

    const mayTake = (ms) => Math.min(Math.max(ms, TIMEOUT), LONGEST_TIMEOUT);

    function connect() {
        const began = performance.now();
        beganAt = began;
        drop();
        const mine = mqtt.connect(url, {
            protocolVersion: version,
            clientId: account,
            username: account,
            password,
            clean: true,
            keepalive: KEEPALIVE,
            reconnectPeriod: 0,
            connectTimeout: patience,
            timerVariant: 'native',
            writeCache: false, // 65,536 buffers of two bytes, made before the first packet
            queueQoSZero: false,
            resubscribe: false,
        });
        client = mine;
        unread.clear();
        late = setTimeout(() => mine === client && fail('down'), patience);
        let next = 'down';
        mine.on('connect', () => {
            mine.subscribe(topics, { qos: 1 }, (error) => {
                if (mine !== client) {
                    return;
                }
                if (error) {
                    mine.end(true);
                } else {
                    clearTimeout(late);
                    pause = FIRST_PAUSE;
                    received();
                    patience = mayTake(2 * (receivedAt - began));
                    asked = false;
                    report('up');
                    wish(mine, wishes);
                }
            });
        });
        mine.on('message', (topic, payload, packet) => {
            if (mine === client) {
                received();
                onMessage(topic, new Uint8Array(payload),
                    { retained: packet.retain, dup: packet.dup });
            }
        });
        // MQTT.js takes NOBODY for success and hands its callers no PUBACK: here is where one shows.
        mine.on('packetreceive', (packet) => mine === client && packet.cmd === 'puback' &&
            packet.reasonCode === NOBODY && unread.add(packet.messageId));
        mine.on('error', (error) => {
            if (UNSUPPORTED.includes(error.code) && version === 5) {
                version = 4;
            } else if (NOT_AUTHORIZED.includes(error.code)) {
                next = 'refused';
            }
        });
        mine.on('close', () => mine === client && fail(next));
    }

    function wish(mine, some) {
        if (some.length > 0) {
            wished = performance.now();
            mine.subscribe(some, { qos: 1 }, () => {
                wished = mine === client ? null : wished;
            });
        }
    }

    function fail(next) {
        if (wished !== null && performance.now() - wished < SUSPICION) {
            wishes = [];
        }
        wished = null;
        drop();
        patience = next === 'down' ? mayTake(2 * patience) : patience;
        report(next);
        again(next === 'refused' ? REFUSED_LONGEST : LONGEST_PAUSE);
    }

    // Silence may be the kiosk's or a dead connection's: a live broker answers this.
    function ask() {
        const mine = client;
        asked = true;
        clearTimeout(late);
        late = setTimeout(() => mine === client && fail('down'), patience);
        mine.subscribe(ping, { qos: 1 }, () => {
            if (mine === client) {
                clearTimeout(late);
                asked = false;
                received();
                report('up');
            }
        });
    }

    function look() {
        if (status === 'up' && !asked && performance.now() - receivedAt >= QUIET) {
            ask();
        }
    }

    function drop() {
        const old = client;
        clearTimeout(late);
        client = null;
        old?.end(true);
    }

    connect();
    const watch = setInterval(look, 1000);
    return {
        status: shown,
        // Resolves when the broker has the message for somebody; rejects where there is no connection,
        // and where the broker says that nobody there listens. (By MQTT 3.1.1 it cannot say so.)
        async publish(topic, payload, expiry) {
            if (status !== 'up' || client === null) {
                throw new Error('no connection');
            }
            const sent = await client.publishAsync(topic, payload,
                { qos: 1, properties: expiry ? { messageExpiryInterval: expiry } : undefined });
            if (unread.delete(sent.messageId)) {
                throw new Error('nobody listens');
            }
        },
        // More topics that it can do without.
        wish(more) {
            if (status === 'up' && client !== null && wishes.length > 0) {
                wish(client, more);
            }
        },
        // The phone came back to the network or to the hand: what is down is tried at once, and what
        // was up is believed only once it has answered. `changed`: the network did; else a connection
        // that has just brought something is believed. (In a sleep only the wall clock moves for sure.)
        wake(changed) {
            if (closed) {
                return;
            }
            if (status !== 'up') {
                pause = FIRST_PAUSE;
                if (client === null || changed || performance.now() - beganAt >= BEGUN) {
                    clearTimeout(timer);
                    connect();
                }
            } else if (changed || Math.abs(Date.now() - receivedWall) >= QUIET) {
                report('up', true);
                ask();
            }
        },
        close() {
            closed = true;
            clearTimeout(timer);
            clearInterval(watch);
            drop();
        },
    };
}
