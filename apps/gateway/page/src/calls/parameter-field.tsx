import type { JSX, TargetedKeyboardEvent } from 'preact';
import type { LiveParameter } from '../../../src/live/messages.js';
import { choicesIn, fieldKind, hintFor } from './arguments.js';

export interface ParameterFieldProps {
  readonly parameter: LiveParameter;
  readonly value: string | File | undefined;
  readonly problem: string | undefined;
  readonly onInput: (value: string | File | undefined) => void;
}

/** The field of one parameter, with what goes in it and what is wrong with what is. */
export function ParameterField({ parameter, value, problem, onInput }: ParameterFieldProps): JSX.Element {
  const { name, required } = parameter;
  const id = `argument-${name}`;
  const described = {
    'aria-describedby': `${id}-hint`,
    'aria-invalid': problem !== undefined,
    'aria-required': required,
  };
  const text = typeof value === 'string' ? value : '';
  const kind = fieldKind(parameter);
  return (
    <div class={problem === undefined ? 'field' : 'field wrong'}>
      <label for={id}>
        {name}
        {required && <span class="required"> needed</span>}
      </label>
      {kind === 'file' ? (
        <input
          id={id}
          type="file"
          {...described}
          onChange={({ currentTarget }) => onInput(currentTarget.files?.[0])}
        />
      ) : kind === 'choice' ? (
        <select
          id={id}
          value={text}
          {...described}
          onChange={({ currentTarget }) => onInput(currentTarget.value)}
        >
          <option value="">{required ? 'choose …' : 'as it is by default'}</option>
          {choicesIn(parameter.schema)?.map((choice) => (
            <option key={String(choice)} value={JSON.stringify(choice)}>
              {String(choice)}
            </option>
          ))}
        </select>
      ) : (
        <textarea
          id={id}
          rows={1}
          spellcheck={false}
          autocomplete="off"
          value={text}
          {...described}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
          onKeyDown={submitOnEnter}
        />
      )}
      <small id={`${id}-hint`}>
        {problem !== undefined && <b class="problem">{problem} </b>}
        {hintFor(parameter)}
      </small>
    </div>
  );
}

/** Enter calls, as in a field of one line; Shift and Enter make a new line. */
function submitOnEnter(event: TargetedKeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}
