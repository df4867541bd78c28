import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAYERS, ONE_FILE_ONLY, packageOf } from './layers.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Reports imports that cross the layers the wrong way.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const layerRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      layer: '{{from}} must not know {{to}}: see tools/lint/layers.js.',
      node: '{{from}} uses none of Node’s modules: see tools/lint/layers.js.',
      oneFile: 'Only {{file}} imports {{to}}.',
      outside: 'Import {{to}} by its package’s name: a relative path reaches around its public face.',
    },
  },
  create(context) {
    const path = relative(root, context.filename).split(sep);
    const from = path[0] === 'packages' && path[2] === 'src' ? manifestName(path[1]) : undefined;
    const layer = from === undefined ? undefined : LAYERS[from];
    if (layer === undefined) return {};

    const file = path.join('/');
    const isTest = file.endsWith('.test.ts') || file.includes('/testing');
    const allowed = new Set([
      from,
      ...layer.layers,
      ...layer.packages,
      ...(isTest ? ['vitest', 'fast-check', 'apache-arrow'] : []),
    ]);

    function check(node) {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string') return;
      const report = (messageId, data = {}) =>
        context.report({ node: node.source, messageId, data: { from, to: specifier, ...data } });
      if (specifier.startsWith('.')) {
        const depth = path.length - 3; // folders between the file and src
        if (specifier.split('/').filter((part) => part === '..').length > depth && !isTest) report('outside');
      } else if (specifier.startsWith('node:')) {
        if (!layer.node && !isTest) report('node');
      } else if (!allowed.has(packageOf(specifier))) {
        report('layer');
      } else if (Object.hasOwn(ONE_FILE_ONLY, specifier) && ONE_FILE_ONLY[specifier] !== file) {
        report('oneFile', { file: ONE_FILE_ONLY[specifier] });
      }
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

function manifestName(folder) {
  return folder === 'pypool' ? 'pypool' : `@pypool/${folder}`;
}
