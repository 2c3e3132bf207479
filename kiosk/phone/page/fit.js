// No word is ever broken, nor does one stick out: text whose longest word is wider than its place gets a
// smaller type. Looked at whenever a text, the window or the type has changed, and then once a frame.

const TEXTS = 'h1, h2, p, li, span, small, label, legend, button, summary, a';
const SMALLEST = 0.25; // of the type's own size

function fit(node) {
    node.style.fontSize = '';
    const { scrollWidth, clientWidth } = node;
    if (clientWidth === 0 || scrollWidth <= clientWidth) {
        return;
    }
    const size = parseFloat(getComputedStyle(node).fontSize);
    let part = clientWidth / scrollWidth;
    // Padding does not shrink with the type: a few steps come to what fits.
    for (let i = 0; i < 6 && part > SMALLEST; i++) {
        node.style.fontSize = `${size * part}px`;
        if (node.scrollWidth <= node.clientWidth) {
            return;
        }
        part *= 0.92;
    }
    node.style.fontSize = `${size * Math.max(part, SMALLEST)}px`;
}

function fitAll() {
    document.querySelectorAll(TEXTS).forEach((n) => n.offsetParent !== null && fit(n));
}

export function keepFitting() {
    let due = false;
    const later = () => {
        if (!due) {
            due = true;
            requestAnimationFrame(() => {
                due = false;
                fitAll();
            });
        }
    };
    new MutationObserver(later).observe(document.body, { subtree: true, childList: true,
        characterData: true, attributeFilter: ['hidden', 'open'] });
    for (const whole of [document.documentElement, document.body]) {
        new MutationObserver(later).observe(whole, { attributes: true }); // another type
    }
    new ResizeObserver(later).observe(document.body);
    document.fonts?.addEventListener('loadingdone', later);
}
