// Preloaded by the self-test (`node --import`): plants a bug into the modules that are loaded from now on.

import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { fileOf, plantedBug, withBug } from './plant.js';

const bug = plantedBug();
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
