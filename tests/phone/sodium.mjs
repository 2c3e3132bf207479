// The page's modules and its libraries, as the tests get at them: from the page's own folder.

import { createRequire } from 'node:module';

const require = createRequire(new URL('../../kiosk/phone/package.json', import.meta.url));
export const sodium = require('libsodium-wrappers');
await sodium.ready;
