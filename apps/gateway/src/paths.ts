import { fileURLToPath } from 'node:url';

// Beside each other in `src` and in `dist`: the build makes one file of this package.

/** Where the page is built to. */
export const PAGE_FOLDER = fileURLToPath(new URL('../page/dist/', import.meta.url));

/** What `npm run gateway` serves unless it is told otherwise. */
export const SAMPLE_MODULE = fileURLToPath(new URL('../python/sample.py', import.meta.url));
