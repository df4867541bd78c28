import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import type { LiveFunction, LiveParameter } from '../../../src/live/messages.js';
import type { FailureGroup } from '../connect/page-state.js';
import { Section } from '../look/section.js';
import { readArguments, type Inputs } from './arguments.js';
import { CallOptions, problemsOf, type OptionInputs } from './call-options.js';
import { CallResult } from './call-result.js';
import { ParameterField } from './parameter-field.js';
import { signatureOf } from './signature.js';
import { useCall } from './use-call.js';

export interface CallFormProps {
  readonly functions: readonly LiveFunction[] | undefined;
  /** What the feed told of failed calls: it shows the traceback, which an answer leaves out. */
  readonly failures: readonly FailureGroup[];
}

/** Calls any exposed function, with a field for each of its parameters. */
export function CallForm({ functions, failures }: CallFormProps): JSX.Element {
  const [chosen, setChosen] = useState<string>();
  const { made, call, stop } = useCall();
  const target = functions?.find(({ name }) => name === chosen) ?? functions?.[0];
  return (
    <Section id="call" title="Call a function">
      {functions === undefined || target === undefined ? (
        <p class="empty">
          {functions === undefined ? 'Waiting for the server …' : 'The module exposes no function.'}
        </p>
      ) : (
        <>
          <div class="field">
            <label for="function">Function</label>
            <select
              id="function"
              value={target.name}
              onChange={({ currentTarget }) => setChosen(currentTarget.value)}
            >
              {functions.map(({ name, kind }) => (
                <option key={name} value={name}>
                  {kind === 'stream' ? `${name} (stream)` : name}
                </option>
              ))}
            </select>
          </div>
          <p class="signature">
            <code>{signatureOf(target)}</code>
          </p>
          {target.doc !== undefined && <p class="doc">{target.doc}</p>}
          {/* A form of its own for each function: what was typed for one is not sent to another. */}
          <Arguments
            key={target.name}
            target={target}
            running={made?.state === 'running'}
            onCall={call}
            onStop={stop}
          />
          {made !== undefined && <CallResult made={made} failures={failures} />}
        </>
      )}
    </Section>
  );
}

interface ArgumentsProps {
  readonly target: LiveFunction;
  readonly running: boolean;
  readonly onCall: ReturnType<typeof useCall>['call'];
  readonly onStop: () => void;
}

/** Where Python cannot tell a signature, everything is given by name. */
const ANYTHING: readonly LiveParameter[] = [
  { name: 'arguments', kind: 'keywords', required: false, schema: {} },
];

function Arguments({ target, running, onCall, onStop }: ArgumentsProps): JSX.Element {
  const parameters = target.parameters ?? ANYTHING;
  const [inputs, setInputs] = useState<Inputs>({});
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const [options, setOptions] = useState<OptionInputs>({ session: '', timeout: '' });
  const [wrongOptions, setWrongOptions] = useState<Partial<OptionInputs>>({});

  function submit(event: TargetedEvent<HTMLFormElement>): void {
    event.preventDefault();
    if (running) return;
    const given = readArguments(parameters, inputs);
    const wrong = problemsOf(options);
    setProblems(given.kind === 'wrong' ? given.problems : {});
    setWrongOptions(wrong);
    if (given.kind === 'wrong') {
      document.getElementById(`argument-${Object.keys(given.problems)[0]}`)?.focus();
      return;
    }
    if (Object.keys(wrong).length > 0) return;
    const session = options.session.trim();
    onCall({
      target,
      given,
      ...(session === '' ? {} : { session }),
      ...(options.timeout === '' ? {} : { timeoutMs: Number(options.timeout) }),
    });
  }

  return (
    <form onSubmit={submit} noValidate>
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          value={inputs[parameter.name]}
          problem={problems[parameter.name]}
          onInput={(value) => setInputs((before) => ({ ...before, [parameter.name]: value }))}
        />
      ))}
      <CallOptions inputs={options} problems={wrongOptions} onInput={setOptions} />
      <div class="buttons">
        {/* Not disabled: whoever calls by keyboard would lose the place with each call. */}
        <button type="submit" class="primary" aria-disabled={running}>
          {target.kind === 'stream' ? 'Start the stream' : 'Call'}
        </button>
        <button type="button" aria-disabled={!running} onClick={onStop}>
          Stop
        </button>
      </div>
    </form>
  );
}
