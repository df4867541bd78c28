// Preloaded by the self-test (`node --import`): plants the bug that CHAOS_BUG names into the modules that are loaded from now on.

import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { bugNamed, fileOf, withBug } from './bugs.js';

const bug = bugNamed(process.env['CHAOS_BUG'] ?? '');
// As tsx would have it: the hook answers for it.
const source = ts.transpileModule(withBug(bug), {
  compilerOptions: {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  },
}).outputText;
register(new URL('load-hook.mjs', import.meta.url), {
  data: { url: pathToFileURL(fileOf(bug)).href, source },
});
