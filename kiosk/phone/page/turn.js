// Two windows with one account would take the connection from each other, so one window has it: the
// one that was opened or looked at last. Whenever that one goes (closed, frozen, put aside by the
// browser), the next in line has it.

const NAME = 'kettle';

// begin(): this window has the connection now; end(): it has it no more.
export function takeTurns(begin, end) {
    const locks = navigator.locks;
    let mine = false;
    let elsewhere = false; // another window has it; neither, until the browser has answered
    let release = () => {};
    let waiting = null; // aborts the request in line
    let current = null;

    function request(options) {
        const me = current = {};
        locks.request(NAME, options, () => {
            if (current !== me) {
                return null;
            }
            mine = true;
            elsewhere = false;
            begin();
            return new Promise((done) => {
                release = done;
            });
        }).catch((error) => {
            if (current !== me) {
                return; // this window took it back itself
            }
            if (error.name !== 'AbortError') {
                mine = true; // a browser that keeps nothing has no locks either
                begin();
                return;
            }
            mine = false;
            elsewhere = true;
            end();
            line();
        });
    }

    function line() {
        waiting = new AbortController();
        request({ signal: waiting.signal });
    }

    function enter() {
        if (mine) {
            return;
        }
        if (!locks) {
            mine = true;
            queueMicrotask(begin);
            return;
        }
        current = null;
        waiting?.abort();
        request({ steal: true });
    }

    // Nothing runs in a frozen window, so it must not keep others from the connection.
    function leave() {
        const had = mine;
        current = null;
        mine = false;
        waiting?.abort();
        release();
        if (had) {
            end();
        }
    }

    const look = () => document.visibilityState === 'visible' && enter();
    document.addEventListener('visibilitychange', look);
    for (const name of ['focus', 'pointerdown', 'keydown']) {
        addEventListener(name, look);
    }
    document.addEventListener('freeze', leave);
    document.addEventListener('resume', () => (document.visibilityState === 'visible' ? enter() : line()));
    addEventListener('pagehide', leave);
    addEventListener('pageshow', (e) => e.persisted && enter());
    enter();
    return { isMine: () => mine, isElsewhere: () => elsewhere };
}
