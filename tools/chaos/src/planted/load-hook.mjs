// A hook of Node's module loader: gives one module another source.

let planted = { url: '', source: '' };

/** @param {{ url: string, source: string }} data */
export function initialize(data) {
  planted = data;
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (url.split('?')[0] !== planted.url) return nextLoad(url, context);
  return { format: 'module', source: planted.source, shortCircuit: true };
}
