import { relative } from 'node:path';
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';
import type { HeldOutput } from './held-output.js';
import { noResults, partLine, sum } from './results.js';
import type { Results } from './results.js';

/** Adds up what vitest saw, part by part. */
export class PartReporter implements Reporter {
  #vitest: Vitest | undefined;
  #results: Results | undefined;
  readonly #failures: Failure[] = [];
  readonly #root: string;
  readonly #output: HeldOutput;

  constructor(root: string, output: HeldOutput) {
    this.#root = root;
    this.#output = output;
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
    if (this.#failures.length > 0) this.#output.release();
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
        found.skipped.push({ test: name, reason: result.note ?? reasonIn(name) });
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

/** A whole suite that is skipped can leave no note: it says why in its title. */
function reasonIn(name: string): string {
  return /\(not here: ([^)]*)\)/.exec(name)?.[1] ?? 'no reason given';
}
