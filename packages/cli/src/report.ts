import type { Diagnosis, ServedFunction, Starts } from './doctor.js';

/** A diagnosis for people. */
export function report({ node, module, python, functions, starts, error }: Diagnosis): string {
  const rows: (readonly [string, string])[] = [['Node', `${node.version} on ${node.platform}`]];
  if (python !== undefined) {
    const version = python.version === undefined ? '' : `${python.version}, `;
    rows.push(['Python', `${version}${python.path}, found by ${python.foundBy}`]);
  }
  rows.push([
    'module',
    error === undefined ? module : `${module} cannot be served (${error.code}):\n${error.message}`,
  ]);
  if (functions !== undefined) rows.push(['serves', served(functions)]);
  if (starts !== undefined) rows.push(['workers', startsOf(starts)]);
  return rows.map(([name, text]) => `${name.padEnd(INDENT)}${text.replaceAll('\n', NEW_LINE)}\n`).join('');
}

const INDENT = 9;
const NEW_LINE = `\n${' '.repeat(INDENT)}`;

function served(functions: readonly ServedFunction[]): string {
  if (functions.length === 0)
    return 'nothing: no function of it is exposed. Decorate those to be called: @expose of pypool';
  return functions.map(({ name, stream }) => (stream ? `${name}, a stream` : name)).join('\n');
}

function startsOf({ forked, reasons, why, firstMs, nextMs }: Starts): string {
  const took = `the first was ready after ${firstMs} ms, one more after ${nextMs} ms`;
  if (forked) return `forked from one process that imports the module once: ${took}`;
  return `started one by one, each with an import of its own: ${took}\nwhy not forked: ${reasons.join(', ')}\n${why ?? ''}`;
}
