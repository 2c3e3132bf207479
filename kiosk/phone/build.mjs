// Bundles the page into a folder of static files: node build.mjs OUT. Fails when the first load,
// compressed, would grow past its budget.

import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { icon } from './icon.mjs';

const BUDGET = 310 * 1000; // bytes, gzip, of all that the first load fetches
const here = dirname(fileURLToPath(import.meta.url));
const standard = standardLines(await readFile(join(here, '../../config/what-to-do.conf'), 'utf8'));
const out = process.argv[2] ?? join(here, '../../build/page');

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const how = {
    outdir: out,
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    target: ['es2022', 'safari16.4'],
    conditions: ['browser', 'import'],
    define: { global: 'globalThis' },
    legalComments: 'none',
    logLevel: 'warning',
    absWorkingDir: here,
};
// Each by itself: what they share with the page would be one more file to wait for.
const libraries = await build({ ...how, entryPoints: ['libsodium-wrappers', 'mqtt', 'jsqr'],
    entryNames: '[name]-[hash]', metafile: true });
const places = Object.fromEntries(Object.entries(libraries.metafile.outputs)
    .map(([path, { entryPoint }]) => [entryPoint.match(/node_modules\/([^/]+)/)[1], `./${basename(path)}`]));
await build({ ...how, entryPoints: [join(here, 'page/main.js')], splitting: true,
    plugins: [{ name: 'what to do', setup }] });
for (const name of ['index.html', 'style.css', 'manifest.webmanifest']) {
    await cp(join(here, 'page', name), join(out, name));
}
for (const size of [180, 192, 512]) {
    await writeFile(join(out, `icon-${size}.png`), icon(size));
}

const names = (await readdir(out)).sort();
const contents = await Promise.all(names.map((n) => readFile(join(out, n))));
const wake = {};
for (const file of await readdir(join(here, 'words'))) {
    const words = JSON.parse(await readFile(join(here, 'words', file), 'utf8'));
    const language = file.replace('.json', '');
    wake[language] = [words.name, words.wake, words.check];
}
const sum = createHash('sha256');
contents.forEach((c) => sum.update(c));
const bundled = await build({ entryPoints: [join(here, 'page/sw.js')], bundle: true, write: false,
    charset: 'utf8', format: 'iife', target: ['es2022', 'safari16.4'], logLevel: 'warning',
    absWorkingDir: here });
const worker = bundled.outputFiles[0].text
    .replace('__BUILD__', sum.digest('hex').slice(0, 12))
    .replace('__FILES__', JSON.stringify(['./', ...names.filter((n) => n !== 'index.html')]))
    .replace('__WAKE__', JSON.stringify(wake));
await writeFile(join(out, 'sw.js'), worker);

// What is fetched only when it is wanted: the QR reader, the pictures of steps, and of the languages but
// one, of which the largest counts.
const size = (n) => gzipSync(contents[names.indexOf(n)]).length;
const LATER = /^(jsqr-.*|steps-.*|icon-(180|512)\.png)$/;
const LANGUAGE = /^(ar|az|ka|ru)-.*\.js$/;
const first = names.filter((n) => !LATER.test(n) && !LANGUAGE.test(n));
const languages = names.filter((n) => LANGUAGE.test(n));
const bytes = first.reduce((total, n) => total + size(n), Math.max(...languages.map(size)));
console.log(`page: ${names.length + 1} files, first load ${(bytes / 1000).toFixed(1)} kB compressed`);
if (bytes >= BUDGET) {
    console.error(`build.mjs: the first load is ${bytes} bytes, at most ${BUDGET} are allowed`);
    process.exit(1);
}

// The libraries are files of their own. Each language's words have the lines of config/what-to-do.conf in that language, and not those of the
// printed cards.
function setup(plugin) {
    plugin.onResolve({ filter: /^(libsodium-wrappers|mqtt|jsqr)$/ },
        ({ path }) => ({ path: places[path], external: true }));
    plugin.onLoad({ filter: /words\/[a-z]+\.json$/ }, async ({ path }) => {
        const words = Object.entries(JSON.parse(await readFile(path, 'utf8')))
            .filter(([key]) => !key.startsWith('card'));
        return { contents: JSON.stringify({ ...Object.fromEntries(words),
            todo: standard[basename(path, '.json')] }), loader: 'json' };
    });
}

// {language: {key: line}}
function standardLines(text) {
    const all = {};
    let at = null;
    for (const line of text.split('\n')) {
        const [, section, key, value] = /^\[(\w+)\]$|^([\w-]+) = (.+)$/.exec(line) ?? [];
        if (section) {
            at = all[section] = {};
        } else if (key) {
            at[key] = value;
        }
    }
    return all;
}
