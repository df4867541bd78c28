/** A text, a bracket, a comma or colon, or whatever else stands between these: a number, `true`, `null`. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g;

/**
 * JSON as people read it: a line for each item, indented by two.
 *
 * Works on the text, not on what `JSON.parse` makes of it, which rounds an integer beyond 2^53 and shows `5` for `5.0`.
 *
 * @param text well-formed JSON
 */
export function prettyJson(text: string): string {
  const tokens = text.match(TOKEN) ?? [];
  let pretty = '';
  let depth = 0;
  tokens.forEach((token, at) => {
    const line = (): string => `\n${'  '.repeat(depth)}`;
    if (token === '[' || token === '{') {
      depth += 1;
      const empty = tokens[at + 1] === ']' || tokens[at + 1] === '}';
      pretty += empty ? token : token + line();
    } else if (token === ']' || token === '}') {
      depth -= 1;
      const empty = tokens[at - 1] === '[' || tokens[at - 1] === '{';
      pretty += empty ? token : line() + token;
    } else if (token === ',') pretty += token + line();
    else pretty += token === ':' ? ': ' : token;
  });
  return pretty;
}
