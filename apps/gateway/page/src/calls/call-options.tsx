import type { JSX } from 'preact';

/** What may be said of a call besides its arguments, as it was typed. */
export interface OptionInputs {
  readonly session: string;
  readonly timeout: string;
}

export interface CallOptionsProps {
  readonly inputs: OptionInputs;
  /** What is wrong with which of them. */
  readonly problems: Partial<OptionInputs>;
  readonly onInput: (inputs: OptionInputs) => void;
}

const FIELDS = [
  { name: 'session', label: 'Session', attributes: {} },
  {
    name: 'timeout',
    label: 'Timeout in milliseconds',
    attributes: { type: 'number', inputMode: 'numeric', min: '1' },
  },
] as const;

/** For whom a call is, and how long it may take: folded away, for most need neither. */
export function CallOptions({ inputs, problems, onInput }: CallOptionsProps): JSX.Element {
  // A problem that is folded away would not be seen.
  const open = Object.keys(problems).length > 0 ? { open: true } : {};
  return (
    <details class="more" {...open}>
      <summary>Session and timeout</summary>
      {FIELDS.map(({ name, label, attributes }) => (
        <div key={name} class={problems[name] === undefined ? 'field' : 'field wrong'}>
          <label for={name}>{label}</label>
          <input
            id={name}
            {...attributes}
            value={inputs[name]}
            autocomplete="off"
            aria-invalid={problems[name] !== undefined}
            aria-describedby={`${name}-hint`}
            onInput={({ currentTarget }) => onInput({ ...inputs, [name]: currentTarget.value })}
          />
          <small id={`${name}-hint`} role="alert">
            {problems[name] !== undefined && <b class="problem">{problems[name]}</b>}
          </small>
        </div>
      ))}
    </details>
  );
}

/** What is wrong with which of them. */
export function problemsOf({ session, timeout }: OptionInputs): Partial<OptionInputs> {
  return {
    // In an address these two are steps: the call would go elsewhere, and be made in no session.
    ...(/^\.\.?$/.test(session.trim()) && { session: 'A session is not called "." or "..".' }),
    ...(timeout !== '' && !(Number(timeout) >= 1) && { timeout: 'At least 1.' }),
  };
}
