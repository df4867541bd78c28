/** What a prompt of DSPy asks for. */
interface Asked {
  readonly inputs: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly type: string }[];
  readonly form: 'chat' | 'json' | 'xml';
}

/**
 * The answer to a prompt of DSPy: each output in the form that is asked for, and made of the inputs alone, so that the
 * same question has the same answer and every answer tells what was asked.
 */
export function answerTo(prompt: string): string {
  const { inputs, outputs, form } = read(prompt);
  const values = outputs.map(({ name, type }) => ({ name, value: valueOf(name, type, inputs) }));
  if (form === 'json')
    return JSON.stringify(Object.fromEntries(values.map(({ name, value }) => [name, value])));
  const texts = values.map(({ name, value }) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return form === 'xml' ? `<${name}>\n${text}\n</${name}>` : `[[ ## ${name} ## ]]\n${text}\n`;
  });
  return form === 'xml' ? texts.join('\n') : `${texts.join('\n')}\n[[ ## completed ## ]]\n`;
}

function read(prompt: string): Asked {
  const at = prompt.lastIndexOf('\n\nRespond with ');
  const [given, wanted] = [prompt.slice(0, at), prompt.slice(at)];
  const form = wanted.includes('JSON object') ? 'json' : wanted.includes('XML tags') ? 'xml' : 'chat';
  const inputs =
    form === 'xml'
      ? [...given.matchAll(/^<(\w+)>\n([\s\S]*?)\n<\/\1>/gm)].map(([, , value]) => value!)
      : given.split(/^\[\[ ## \w+ ## \]\]\n/m).slice(1);
  const outputs = wanted.matchAll(
    /`(?:\[\[ ## |<)?(?<name>\w+)(?: ## \]\]|>)?`(?: \(must be formatted as a valid Python (?<type>[^)]*)\))?/g,
  );
  return {
    form,
    inputs: inputs.map((input) => input.trim()),
    outputs: [...outputs]
      .map(({ groups }) => ({ name: groups!['name']!, type: groups!['type'] ?? 'str' }))
      .filter(({ name }) => name !== 'completed'),
  };
}

function valueOf(name: string, type: string, inputs: readonly string[]): unknown {
  const words = inputs.join(' ').split(/\s+/);
  if (type === 'int') return words.length;
  if (type === 'float') return words.length + 0.5;
  if (type === 'bool') return true;
  if (type === 'list[str]') return words;
  if (type === 'list[int]') return words.map((word) => word.length);
  if (type === 'list[float]') return words.map((word) => word.length + 0.5);
  if (type.startsWith('dict')) return { words: words.length };
  if (type.startsWith('Literal')) return /'([^']*)'/.exec(type)![1];
  return `${name} of ${inputs.join(' and ')}`;
}
