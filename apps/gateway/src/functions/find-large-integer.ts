// Imports nothing: the page uses it as well.

/** A number as JSON writes it, where one begins. */
const NUMBER = /-?\d[\d.eE+-]*/y;

/** Where in JSON an integer is that JavaScript would write otherwise than it is written: `.points[1].x`; `undefined`: nowhere. */
export function findLargeInteger(text: string): string | undefined {
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
      if (/^-?\d{16,}$/.test(number) && String(Number(number)) !== number)
        return open.map((place) => (typeof place === 'number' ? `[${place}]` : `.${place}`)).join('');
      at += number.length - 1;
    }
  }
  return undefined;
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
