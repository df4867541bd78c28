import { fileURLToPath } from 'node:url';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { layerRule } from './layer-rule.js';
import { programs } from './programs.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Rules that the compiler cannot check, and the layers. Form is prettier's. */
export default defineConfig(
  { basePath: root, ignores: ['**/dist/**', '**/node_modules/**', '**/.cache/**', '**/fixtures/**/*.cjs'] },
  {
    basePath: root,
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: programs, tsconfigRootDir: root } },
    plugins: { pypool: { rules: { layers: layerRule } } },
    rules: {
      'pypool/layers': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['warn', { max: 300 }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // 0 and '' are values: an option's default is applied with ??.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { boolean: true } }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      // An async method that awaits nothing still turns a throw into a rejection, which contracts ask for.
      '@typescript-eslint/require-await': 'off',
      // What is caught may be passed on as it is, whatever it is.
      '@typescript-eslint/only-throw-error': ['error', { allowRethrowing: true, allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
    },
  },
  {
    basePath: root,
    files: ['packages/*/src/index.ts', 'packages/*/src/testing.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'A package’s face names what it exports, one by one.' },
        { selector: 'ExportDefaultDeclaration', message: 'Packages have named exports only.' },
      ],
    },
  },
  {
    basePath: root,
    files: ['**/*.test.ts', '**/test/**/*.ts', 'tools/scenarios/**/*.ts'],
    rules: {
      // A test may hand over wrong values on purpose, and describe() one long story.
      'max-lines': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    basePath: root,
    files: ['**/tsup.config.ts', '**/vitest.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
