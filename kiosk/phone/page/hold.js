// A button that does nothing until it was held: no pocket and no slip of the thumb sends a command.
// A keyboard or screen reader, which cannot hold, presses it twice instead: the second press within
// five seconds, and not the same instant. What comes in above a button moves it, and its neighbour to
// where the thumb already goes: a press that follows too soon is none.

const CONFIRM_FROM = 400;
const CONFIRM_UNTIL = 5000;
const AIMED = 400; // ms: a thumb on its way does not see any more what moves

let movedAt = -Infinity;
new ResizeObserver(() => {
    movedAt = performance.now();
}).observe(document.body);

// label(): the button's text; act() when it was pressed on purpose.
export function makeHold(button, word, label, ms, act) {
    let start = null;
    let frame = null;
    let asked = null;
    const bar = document.createElement('progress');
    const hint = document.createElement('small');
    bar.max = 1;
    bar.setAttribute('aria-hidden', 'true');

    const rest = () => {
        cancelAnimationFrame(frame);
        start = null;
        bar.value = 0;
        hint.textContent = asked ? word('confirm') : word('hold');
    };
    const turn = () => {
        const part = (performance.now() - start) / ms;
        bar.value = Math.min(part, 1);
        if (part >= 1) {
            rest();
            act();
        } else {
            frame = requestAnimationFrame(turn);
        }
    };
    button.addEventListener('pointerdown', (e) => {
        if (e.button === 0 && !button.disabled && performance.now() - movedAt >= AIMED) {
            button.setPointerCapture?.(e.pointerId);
            start = performance.now();
            frame = requestAnimationFrame(turn);
        }
    });
    ['pointerup', 'pointercancel', 'lostpointercapture'].forEach((name) =>
        button.addEventListener(name, () => start !== null && rest()));
    button.addEventListener('contextmenu', (e) => e.preventDefault());
    button.addEventListener('click', (e) => {
        if (e.detail !== 0) {
            return; // a finger or a mouse: it has to hold
        }
        const now = performance.now();
        if (asked !== null && now - asked >= CONFIRM_FROM && now - asked < CONFIRM_UNTIL) {
            asked = null;
            act();
        } else {
            asked = now;
            setTimeout(() => {
                asked = null;
                rest();
            }, CONFIRM_UNTIL);
        }
        rest();
    });
    button.replaceChildren(document.createTextNode(label()), hint, bar);
    rest();
}
