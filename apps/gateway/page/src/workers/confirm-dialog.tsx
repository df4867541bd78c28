import type { ComponentChildren, JSX, RefObject } from 'preact';

export interface ConfirmDialogProps {
  /** Opened by its owner with `showModal()`: the browser keeps the focus in it, and gives it back. */
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly title: string;
  /** What the button that confirms says. */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly children: ComponentChildren;
}

/** Asks before something is done to the pool. Escape and Cancel do nothing. */
export function ConfirmDialog({
  dialog,
  title,
  action,
  onConfirm,
  children,
}: ConfirmDialogProps): JSX.Element {
  const id = `dialog-${action.toLowerCase()}`;
  return (
    <dialog ref={dialog} aria-labelledby={id}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          dialog.current?.close();
          onConfirm();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="primary">
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
