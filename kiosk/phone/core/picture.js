// One kiosk's view and facts as what is drawn; and of several the one that is drawn large. Pure.

import { RULES, viewLook, viewWorst } from './view.js';

const UNKNOWN = { seen: null, safe: null, help: null, of: null };
const ACTIVE = ['caution', 'unconfirmed', 'lockdown', 'drill', 'duress'];

// What more there is to say of a face.
const whyOf = (face, look) => (face === 'all-clear' && look.rooted ? 'rooted' :
    face !== 'lost' ? null : look.held ? 'held' : look.delayed ? 'delayed' : null);

const countsOf = ({ counts, id }) => (counts?.id === id ? counts : UNKNOWN);

// {face, drill, ...}: face is the view's show, or 'duress' for staff.
export function pictureOf(view, facts, staff, now) {
    const look = viewLook(view, RULES, { staff }, now);
    const face = look.duress && look.show !== 'retired' ? 'duress' : look.show;
    const active = ACTIVE.includes(face);
    return {
        show: look.show,
        face,
        shape: face === 'drill' ? view.state : face,
        drill: face === 'drill',
        code: look.code, // staff alone: it was pressed at the door
        where: staff && active && facts.where?.id === facts.id ? facts.where.name : null,
        resumed: active && facts.resumed,
        unclear: active && facts.unclear && view.state === 'caution',
        silent: active && view.linked && look.silent && now - view.linkedAt >= RULES.lostAfter,
        stale: !view.linked,
        why: whyOf(face, look),
        late: look.late && !active,
        last: !view.linked && !active && view.stateAt !== Infinity ? view.state : null,
        id: facts.id,
        began: active ? facts.began : null,
        minutes: active && facts.began !== null ? Math.floor((now - facts.began) / 60000) : null,
        history: (active && face !== 'drill') || face === 'all-clear' ? facts.history : [],
        counts: staff && active && facts.id !== null ? countsOf(facts) : null,
        answered: facts.answered,
        waits: facts.waiting !== null,
        canAnswer: active && facts.id !== null,
    };
}

// The alert that this phone has not answered: what core/repeat.js calls for. null: none.
export function unanswered(pictures) {
    return pictures.find((p) => p.canAnswer && p.answered === null && !p.waits) ?? null;
}

// What this phone said to all that can be answered: the least of it. {answered, waits}
export function answersOf(pictures) {
    const open = pictures.filter((p) => p.canAnswer);
    const said = open.map((p) => p.answered);
    const least = [null, 'help', 'seen', 'safe'].find((a) => said.includes(a)) ?? null;
    return { answered: least, waits: open.some((p) => p.waits) };
}

// Index of the picture that wins, or -1 for none.
export function worstOf(pictures) {
    const duress = pictures.findIndex((p) => p.face === 'duress');
    const worst = viewWorst(pictures.map((p) => p.show));
    return duress >= 0 ? duress : pictures.findIndex((p) => p.show === worst);
}
