import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.js';

/** The programs that all TypeScript is checked as, each by its tsconfig: one for what runs on Node, and one for each page, which a browser runs. */
export const programs = [
  'tsconfig.all.json',
  ...readdirSync(join(root, 'apps'))
    .map((app) => `apps/${app}/page/tsconfig.json`)
    .filter((file) => existsSync(join(root, file))),
];
