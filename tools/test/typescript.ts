import { relative } from 'node:path';
import { createVitest } from 'vitest/node';
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';
import { noResults, partLine, sum } from './results.js';
import type { Results } from './results.js';

/** The parts that have TypeScript tests: each folder with a `vitest.config.ts`. */
const PROJECTS = ['packages/*/vitest.config.ts', 'apps/*/vitest.config.ts', 'tools/*/vitest.config.ts'];

export interface TypeScriptRun {
  readonly root: string;
  readonly seed: number;
  /** Only test files whose path contains one of these. Empty: all. */
  readonly filters: readonly string[];
}

/** Runs the tests of all parts in one vitest, and prints a line for each part and the failures. */
export async function runTypeScript({ root, seed, filters }: TypeScriptRun): Promise<Results> {
  const reporter = new PartReporter(root);
  const vitest = await createVitest('test', {
    root,
    config: false,
    projects: PROJECTS,
    reporters: [reporter],
    sequence: { seed, shuffle: true },
    passWithNoTests: true,
    watch: false,
  });
  try {
    await vitest.standalone();
    const files = await vitest.globTestSpecifications();
    // Vitest's own filters are relative to each project: `packages/pool` would find nothing in most of them.
    const chosen = files.filter(({ moduleId }) => isChosen(relative(root, moduleId), filters));
    await vitest.runTestSpecifications(chosen, true);
  } finally {
    await vitest.close();
  }
  // Vitest sets the exit code of this process; the sum of all runners decides that here.
  process.exitCode = undefined;
  return reporter.results;
}

function isChosen(file: string, filters: readonly string[]): boolean {
  return filters.length === 0 || filters.some((filter) => file.includes(filter));
}

/** Adds up what vitest saw, part by part. */
class PartReporter implements Reporter {
  #vitest: Vitest | undefined;
  #results: Results | undefined;
  readonly #failures: Failure[] = [];
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  get results(): Results {
    if (this.#results === undefined) throw new Error('vitest did not finish its run');
    return this.#results;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const partOf = ({ project }: TestModule): string => relative(this.#root, project.config.root);
    const results: Results[] = [];
    for (const part of [...new Set(modules.map(partOf))].sort()) {
      const ofPart = modules.filter((module) => partOf(module) === part);
      const found = sum(ofPart.map((module) => this.#count(module)));
      const elapsedMs = ofPart.reduce((total, module) => total + module.diagnostic().duration, 0);
      console.log(partLine(part, found, elapsedMs));
      results.push(found);
    }
    for (const error of unhandled) this.#failures.push({ where: 'outside of any test', error });
    for (const failure of this.#failures) this.#print(failure);
    this.#results = sum([...results, { ...noResults(), failed: unhandled.length }]);
  }

  #count(module: TestModule): Results {
    const found = noResults();
    const file = relative(this.#root, module.moduleId);
    // A file that cannot be loaded has no tests to fail: it counts as one.
    const moduleErrors = [
      ...module.errors(),
      ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
    ];
    for (const error of moduleErrors) this.#failures.push({ where: file, error, module });
    found.failed += moduleErrors.length;
    for (const test of module.children.allTests()) {
      const name = `${file} > ${test.fullName}`;
      const result = test.result();
      if (result.state === 'passed') found.passed += 1;
      else if (result.state === 'skipped')
        found.skipped.push({ test: name, reason: result.note ?? 'no reason given' });
      else {
        found.failed += 1;
        const errors = result.errors ?? [{ message: 'did not finish' }];
        for (const error of errors) this.#failures.push({ where: name, error, module });
      }
    }
    return found;
  }

  #print({ where, error, module }: Failure): void {
    console.log(`\nFAILED ${where}`);
    this.#vitest?.logger.printError(error, module === undefined ? {} : { project: module.project });
  }
}

/** Something that went wrong, kept until all parts have had their line. */
interface Failure {
  readonly where: string;
  readonly error: SerializedError | { readonly message: string };
  readonly module?: TestModule;
}
