import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideVenv } from '../../tools/ready/venv.mjs';

const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));

/** How long an install may take that somebody asked for and waits for: a slow line, or two hundred megabytes of LiteLLM. */
const TIMEOUT_MS = 600_000;

/** A Python with DSPy, or in one line why there is none. */
export type Provided = { readonly python: string } | { readonly missing: string };

interface ProvideOptions {
  readonly litellm?: boolean;
  readonly timeoutMs?: number;
}

/**
 * The Python with DSPy that `PYPOOL_DSPY_PYTHON` names, or one of this app's own, which is installed where it is
 * missing; with LiteLLM, for models that DSPy does not speak to by itself, if that is asked for.
 *
 * @param options - `timeoutMs`: how long the install may take, ten minutes unless given
 */
export function provideDspy(options: ProvideOptions = {}): Provided {
  const { litellm = false, timeoutMs = TIMEOUT_MS } = options;
  const named = process.env['PYPOOL_DSPY_PYTHON'];
  if (named) return { python: named };
  const provided = litellm
    ? provideVenv({
        folder: join(cache, 'python-dspy-litellm'),
        requirements: requirements('requirements-litellm.txt'),
        holds: 'DSPy and LiteLLM',
        timeoutMs,
      })
    : provideVenv({
        folder: join(cache, 'python-dspy'),
        requirements: requirements('requirements.txt'),
        holds: 'DSPy',
        complete: true,
        timeoutMs,
      });
  return 'bin' in provided ? { python: join(provided.bin, 'python') } : provided;
}

function requirements(name: string): string {
  return fileURLToPath(new URL(`python/${name}`, import.meta.url));
}
