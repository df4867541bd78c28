// Imports nothing: the page uses it as well.

/** A number as JSON writes it, where one begins. */
const NUMBER = /-?\d[\d.eE+-]*/y;

/** A number that would not arrive as it is written. */
export interface LargeNumber {
  /** Where it is: `.points[1].x` */
  readonly place: string;
  /** What is wrong with it, and what to do. */
  readonly message: string;
}

const ROUNDED = 'is an integer beyond 2^53 that would arrive rounded: send it as a text';
const INFINITE = 'is a number beyond 1.8e308 that would arrive as Infinity: send it as a text';

/** The first integer in JSON that JavaScript would write otherwise than it is written, or number that it takes for Infinity; `undefined`: there is none. */
export function findLargeNumber(text: string): LargeNumber | undefined {
  /** Of each array that is open the index, of each object the key, or `null` where one is to come. */
  const open: (number | string | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    const last = open.length - 1;
    if (char === '[') open.push(0);
    else if (char === '{') open.push(null);
    else if (char === ']' || char === '}') open.pop();
    else if (char === ',') open[last] = typeof open[last] === 'number' ? open[last] + 1 : null;
    else if (char === '"') {
      const end = endOfText(text, at);
      if (open[last] === null) open[last] = JSON.parse(text.slice(at, end)) as string;
      at = end - 1;
    } else if (char === '-' || (char >= '0' && char <= '9')) {
      NUMBER.lastIndex = at;
      const [number] = NUMBER.exec(text)!;
      const message = whatBecomesOf(number);
      if (message !== undefined)
        return { place: open.map((on) => (typeof on === 'number' ? `[${on}]` : `.${on}`)).join(''), message };
      at += number.length - 1;
    }
  }
  return undefined;
}

function whatBecomesOf(number: string): string | undefined {
  const value = Number(number);
  if (/^-?\d{16,}$/.test(number)) return String(value) === number ? undefined : ROUNDED;
  return Number.isFinite(value) ? undefined : INFINITE;
}

/** Where a text ends that begins at `start`: after its closing quote, which no odd number of backslashes stands before. */
function endOfText(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at;
    while (text[before - 1] === '\\') before -= 1;
    if ((at - before) % 2 === 0) return at + 1;
  }
  return text.length;
}
