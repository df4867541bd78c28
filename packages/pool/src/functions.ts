/** Whatever can make a call by name: a pool, a session, a worker. */
export interface Caller {
  call<T>(name: string, args?: readonly unknown[]): Promise<T>;
}

/**
 * The functions of a Python module as TypeScript sees them: each returns a promise of what it returned. A nested object is a module
 * served under a prefix (`module: { text, image }` makes `py.text.embed(...)`).
 */
export type CallFunctions<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : CallFunctions<Api[Name]>;
};

/**
 * A typed proxy over `caller.call`: `functionsOf<Api>(pool).embed('hello')` is `pool.call('embed', ['hello'])`.
 *
 * Arguments are positional; for keywords, options and streams use `call` and `stream` themselves. Names are not checked here: an
 * unknown one rejects with `unknown-function`. The proxy is no thenable, so it may be returned from async functions. What
 * printing asks of any object (`toJSON`, `toString`, `valueOf`, `constructor`, `prototype`) is no function of the module: reach one of such a name by `call`.
 */
export function functionsOf<Api>(caller: Caller): CallFunctions<Api> {
  return branch(caller, '') as CallFunctions<Api>;
}

function branch(caller: Caller, path: string): unknown {
  const made = new Map<string, unknown>();
  const target = (...args: unknown[]): Promise<unknown> => caller.call(path, args);
  return new Proxy(target, {
    get(_, key) {
      // `await proxy` asks for `then`; symbols come from printing and iterating. Neither is a function of the module.
      if (typeof key === 'symbol' || key === 'then' || key === 'toJSON') return undefined;
      if (key === 'toString' || key === 'valueOf') return () => `[functions ${path === '' ? '*' : path}]`;
      if (key === 'constructor' || key === 'prototype') return Reflect.get(target, key) as unknown;
      let child = made.get(key);
      if (child === undefined) {
        child = branch(caller, path === '' ? key : `${path}.${key}`);
        made.set(key, child);
      }
      return child;
    },
  });
}
