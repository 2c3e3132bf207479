// The page's words, in the language that the phone prefers.

import ar from '../words/ar.json';
import az from '../words/az.json';
import en from '../words/en.json';
import ka from '../words/ka.json';
import ru from '../words/ru.json';

const LANGUAGES = { ar, az, en, ka, ru };

export function pickLanguage(preferred) {
    const known = preferred.map((tag) => tag.toLowerCase().split('-')[0])
        .find((tag) => tag in LANGUAGES);
    return known ?? 'en';
}

// word(key, {n: 3}) in that language.
export function speak(language) {
    const table = LANGUAGES[language];
    return (key, values = {}) =>
        Object.entries(values).reduce((text, [k, v]) => text.replace(`{${k}}`, v), table[key]);
}
