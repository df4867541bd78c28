import type { Interpreter } from './interpreter.js';

/** A pair of versions, and what is run with it: filters of `npm test`. */
export interface Row {
  readonly node: Interpreter;
  readonly python: Interpreter;
  readonly filters: readonly string[];
}

/** What depends on the Node: the packages, the scenarios, and the packages as users install them. */
const OF_NODE = [
  'packages/protocol',
  'packages/transport',
  'packages/worker',
  'packages/pool',
  'packages/sessions',
  'packages/telemetry',
  'packages/pypool',
  'tools/scenarios',
  'tools/package-test',
];

/** What depends on the Python: where there is one at the other end, and the runtime's own tests. */
const OF_PYTHON = [
  'packages/transport-pipe',
  'packages/transport-socket',
  'packages/worker',
  'tools/scenarios',
  'python',
];

/**
 * Both, less what says little that the others do not: the ends are run with every change. Of the scenarios those about starts,
 * signals and deaths, where versions differ; a whole `npm run matrix` runs them all.
 */
const OF_ENDS = [
  'packages/transport',
  'packages/worker/test',
  'packages/pypool',
  ...['cancel', 'death', 'engines', 'start'].map((about) => `tools/scenarios/test/${about}.test.ts`),
  'python',
];

export interface Versions {
  readonly nodes: readonly Interpreter[];
  readonly pythons: readonly Interpreter[];
  /** The Node that runs this, and the Python that is taken where nothing names one. */
  readonly node: Interpreter;
  readonly python: Interpreter;
}

/** The core suite on each Node with the usual Python, and on each Python with the current Node. */
export function allRows({ nodes, pythons, node, python }: Versions): Row[] {
  return [
    ...nodes.map((each) => ({ node: each, python, filters: OF_NODE })),
    ...pythons.map((each) => ({ node, python: each, filters: OF_PYTHON })),
  ];
}

/** Two rows for four ends: the oldest Node with the oldest Python, the newest with the newest. */
export function endRows({ nodes, pythons }: Pick<Versions, 'nodes' | 'pythons'>): Row[] {
  const ends = [0, -1].map((at) => ({ node: nodes.at(at)!, python: pythons.at(at)!, filters: OF_ENDS }));
  const same = ends[0]!.node === ends[1]!.node && ends[0]!.python === ends[1]!.python;
  return same ? ends.slice(0, 1) : ends;
}
