// The page's words, in the language that the phone prefers; each but English is fetched when it is
// wanted. Numbers, hours and spans of time are written as that language writes them.

import en from '../words/en.json';

const LANGUAGES = {
    ar: () => import('../words/ar.json'),
    az: () => import('../words/az.json'),
    en: async () => ({ default: en }),
    ka: () => import('../words/ka.json'),
    ru: () => import('../words/ru.json'),
};

const DAY = 86400000; // ms

export function pickLanguage(preferred) {
    const known = preferred.map((tag) => tag.toLowerCase().split('-')[0])
        .find((tag) => tag in LANGUAGES);
    return known ?? 'en';
}

// {language, word, timeOf, agoOf, spanOf}. English where the language cannot be fetched.
export async function loadWords(preferred) {
    const wanted = pickLanguage(preferred);
    const got = await LANGUAGES[wanted]().catch(() => null);
    return speak(got === null ? 'en' : wanted, got?.default ?? en);
}

// Browsers lack some languages (Azerbaijani and Georgian in Chrome): their own words stand in, which
// need no plural.
const knows = (language) => Intl.RelativeTimeFormat.supportedLocalesOf([language]).length > 0 &&
    /[^\W\d]{4}|[^\x00-\x7f]{3}/.test(new Intl.RelativeTimeFormat(language).format(-3, 'minute'));

function speak(language, table) {
    // Intl's parts are made when they are wanted: a slow phone shows the state first, whose small numbers
    // need none.
    const digits = (n) => (language !== 'ar' && Number.isInteger(n) && n >= 0 && n < 1000 ? String(n) :
        new Intl.NumberFormat(language).format(n));
    const write = (v) => (typeof v === 'number' ? digits(v) : v);
    let asked = null;
    const known = () => asked ??= knows(language);
    const far = () => (known() ? { weekday: 'long' } : { day: '2-digit', month: '2-digit' });
    // Made for each use: a phone that travels changes its zone.
    const clock = (options) => new Intl.DateTimeFormat(known() ? language : 'ru',
        { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...options });
    // word(key, {n: 3})
    const word = (key, values = {}) => Object.entries(values).reduce(
        (text, [k, v]) => text.replace(`{${k}}`, write(v)), table[key]);
    const spanOf = ({ n, unit }) => (known() ? new Intl.NumberFormat(language,
        { style: 'unit', unit, unitDisplay: 'long' }).format(n) : word(`span-${unit}`, { n }));
    const agoIn = (n, unit) => (known() ? new Intl.RelativeTimeFormat(language).format(-n, unit) :
        word(`ago-${unit}`, { n }));
    return {
        language,
        word,
        standard: table.todo, // what to do now, where the host has not said it
        spanOf, // {n, unit: 'minute', 'hour', 'day' or 'year'}
        // ms since 1970, by the phone's own clock and zone: the wire speaks of UTC.
        timeOf: (at) => clock(Date.now() - at > DAY / 2 ? far() : {}).format(at),
        dateOf: (at) => clock({ day: 'numeric', month: known() ? 'long' : '2-digit' }).format(at),
        agoOf: (minutes) => (minutes < 120 ? agoIn(minutes, 'minute') :
            agoIn(Math.floor(minutes / 60), 'hour')),
    };
}
