import { fileURLToPath } from 'node:url';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { layerRule } from '../layer-rule.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What the rule says about a file of the repository with this content. */
function messages(file: string, code: string): string[] {
  const linter = new Linter({ cwd: root });
  const config: Linter.Config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { pypool: { rules: { layers: layerRule } } },
    rules: { 'pypool/layers': 'error' },
  };
  return linter.verify(code, [config], root + file).map(({ message }) => message);
}

describe('the layer rule', () => {
  it('lets a package import the layers below it', () => {
    expect(messages('packages/sessions/src/a.ts', "import { createPool } from '@pypool/pool';")).toEqual([]);
  });

  it.each([
    ['an import', "import { startPythonWorker } from '@pypool/worker';"],
    ['a type import', "import type { PythonWorker } from '@pypool/worker';"],
    ['a re-export', "export { startPythonWorker } from '@pypool/worker';"],
    ['a dynamic import', "await import('@pypool/worker/testing');"],
  ])('refuses %s of a layer that the package must not know', (_, code) => {
    expect(messages('packages/pool/src/a.ts', code)).toEqual([
      expect.stringContaining('@pypool/pool must not know @pypool/worker'),
    ]);
  });

  it('refuses third-party packages that the table does not give to the package', () => {
    expect(messages('packages/pool/src/a.ts', "import { execa } from 'execa';")).toHaveLength(1);
    expect(
      messages('packages/sessions/src/a.ts', "import { trace } from '@opentelemetry/api';"),
    ).toHaveLength(1);
  });

  it('lets exactly one file import execa', () => {
    const code = "import { execa } from 'execa';";
    expect(messages('packages/worker/src/launcher/spawn-process.ts', code)).toEqual([]);
    expect(messages('packages/worker/src/worker.ts', code)).toEqual([
      expect.stringMatching(/^Only .* imports execa/),
    ]);
  });

  it('keeps Node’s modules out of the protocol', () => {
    const code = "import { Buffer } from 'node:buffer';";
    expect(messages('packages/protocol/src/frame/a.ts', code)).toHaveLength(1);
    expect(messages('packages/transport/src/a.ts', code)).toEqual([]);
  });

  it('refuses a relative path into another package', () => {
    expect(messages('packages/pool/src/call/a.ts', "import '../../../protocol/src/index.js';")).toHaveLength(
      1,
    );
    expect(messages('packages/pool/src/call/a.ts', "import '../contract.js';")).toEqual([]);
  });

  it('lets tests use the test runner', () => {
    expect(messages('packages/pool/src/a.test.ts', "import { it } from 'vitest';")).toEqual([]);
    expect(messages('packages/pool/src/a.ts', "import { it } from 'vitest';")).toHaveLength(1);
  });
});
