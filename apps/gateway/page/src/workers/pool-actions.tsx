import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { LivePool } from '../../../src/live/messages.js';
import { ProblemView } from '../connect/problem-view.js';
import { asProblem, request, type Problem } from '../connect/request.js';
import { latency } from '../look/format.js';
import { ConfirmDialog } from './confirm-dialog.js';

/** What was asked of the pool last, and what has come of it. */
type Action =
  | { readonly kind: 'running'; readonly what: string }
  | { readonly kind: 'done'; readonly what: string }
  | { readonly kind: 'failed'; readonly what: string; readonly problem: Problem };

/** Reload and resize the pool, each after a question, and say what has happened. */
export function PoolActions({ pool }: { readonly pool: LivePool | undefined }): JSX.Element {
  const [action, setAction] = useState<Action>();
  const [size, setSize] = useState('');
  const reloadDialog = useRef<HTMLDialogElement>(null);
  const resizeDialog = useRef<HTMLDialogElement>(null);
  const running = action?.kind === 'running';
  const unusable = running || pool?.state !== 'open';

  async function run(what: string, done: string, path: string, body: object): Promise<void> {
    const started = performance.now();
    setAction({ kind: 'running', what: `${what} …` });
    try {
      const headers = { 'content-type': 'application/json' };
      await request(path, { method: 'POST', headers, body: JSON.stringify(body) });
      setAction({ kind: 'done', what: `${done} in ${latency(performance.now() - started)}.` });
    } catch (error) {
      setAction({ kind: 'failed', what: `${what} failed.`, problem: asProblem(error) });
    }
  }

  return (
    <>
      <span role="status" class="note action">
        {action?.what}
      </span>
      {action?.kind === 'failed' && (
        <button type="button" onClick={() => setAction(undefined)}>
          Dismiss
        </button>
      )}
      {/* Not disabled: the browser gives the focus back to the one that asked, which has to be able to take it. */}
      <button
        type="button"
        aria-disabled={unusable}
        onClick={() => !unusable && reloadDialog.current?.showModal()}
      >
        Reload …
      </button>
      <button
        type="button"
        aria-disabled={unusable}
        onClick={() => {
          if (unusable) return;
          setSize(String(pool?.size ?? 1));
          resizeDialog.current?.showModal();
        }}
      >
        Resize …
      </button>
      <ConfirmDialog
        dialog={reloadDialog}
        title="Reload all workers?"
        action="Reload"
        onConfirm={() => void run('Reloading', 'All workers are replaced', 'admin/reload', {})}
      >
        <p>
          Each worker is replaced by a new one that has imported the module anew. Calls that run are finished;
          none fails.
        </p>
      </ConfirmDialog>
      <ConfirmDialog
        dialog={resizeDialog}
        title="Resize the pool?"
        action="Resize"
        onConfirm={() =>
          void run(`Resizing to ${size}`, `Resized to ${size}`, 'admin/resize', { size: Number(size) })
        }
      >
        <p>Now {pool?.size} workers. Those that are too many leave when their calls are done.</p>
        <div class="field">
          <label for="size">Workers</label>
          <input
            id="size"
            type="number"
            inputMode="numeric"
            min="1"
            max="256"
            required
            value={size}
            onInput={({ currentTarget }) => setSize(currentTarget.value)}
          />
        </div>
      </ConfirmDialog>
      {action?.kind === 'failed' && <ProblemView problem={action.problem} />}
    </>
  );
}
