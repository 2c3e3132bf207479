// Each state's own shape, so that no state is shown by colour alone. Paths in a 100 by 100 box; the
// classes say how a path is drawn: line, full, cut (out of a full one) and thin (the drill's ring).

const CIRCLE = 'M50 12a38 38 0 1 1 0 76a38 38 0 1 1 0-76';
const OCTAGON = 'M34 12H66L88 34V66L66 88H34L12 66V34Z';
const QUESTION = 'M39 40c1-8 6-12 12-12c7 0 12 5 12 11c0 9-13 10-13 20M50 72v0.5';

export const SHAPES = {
    quiet: [['line', CIRCLE]],
    caution: [['full', 'M50 14L90 84H10Z'], ['cut', 'M50 42v18M50 72v0.5']],
    lockdown: [['full', OCTAGON], ['cut', 'M30 50H70']],
    unconfirmed: [['line', OCTAGON], ['line', QUESTION]],
    duress: [['full', 'M50 8L92 50L50 92L8 50Z'], ['cut', 'M40 32v22M40 67v0.5M60 32v22M60 67v0.5']],
    'all-clear': [['line', CIRCLE], ['line', 'M32 51L45 64L69 38']],
    lost: [['line', 'M76 23a38 38 0 0 1 5 49M24 77a38 38 0 0 1-5-49'], ['line', 'M22 22L78 78']],
    unknown: [['thin', CIRCLE], ['line', QUESTION]],
    retired: [['line', CIRCLE], ['line', 'M37 37L63 63M63 37L37 63']],
};
const RING = ['thin', 'M50 3a47 47 0 1 1 0 94a47 47 0 1 1 0-94'];

export function drawShape(svg, face, drill) {
    const parts = drill ? [...SHAPES[face], RING] : SHAPES[face];
    svg.replaceChildren(...parts.map(([kind, d]) => {
        const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
        path.setAttribute('class', kind);
        path.setAttribute('d', d);
        return path;
    }));
}
