// What to do now: lines for who is on the way and who is inside, or for staff, and whom to call. A
// link is never opened by itself.

import { setText } from './draw.js';

const LABELS = { way: 'todoWay', inside: 'todoInside' };
const $ = (id) => document.getElementById(id);

function rowOf({ role, text }, word) {
    const item = document.createElement('li');
    if (LABELS[role]) {
        const label = document.createElement('b');
        label.textContent = word(LABELS[role]);
        item.append(label);
    }
    const said = document.createElement('span');
    said.dir = 'auto';
    said.textContent = text;
    item.append(said);
    return item;
}

function drawContact(contact) {
    $('todo-contact').hidden = contact === null;
    setText($('todo-who'), contact?.text ?? '');
    $('todo-who').hidden = !contact?.text;
    $('todo-link').hidden = !contact?.link;
    setText($('todo-link'), contact?.shown ?? '');
    if (contact?.link) {
        $('todo-link').href = contact.link;
    } else {
        $('todo-link').removeAttribute('href');
    }
}

// `todo`: of core/host_words.js.
export function drawTodo(todo, word) {
    const drawn = JSON.stringify(todo);
    if ($('todo').dataset.drawn === drawn) {
        return;
    }
    $('todo').dataset.drawn = drawn;
    $('todo').hidden = todo.rows.length === 0;
    setText($('todo-title'), word('todoTitle'));
    $('todo').querySelector('ul').replaceChildren(...todo.rows.map((r) => rowOf(r, word)));
    drawContact(todo.contact);
}
