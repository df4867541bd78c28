import { grouped } from './grouped.js';
import type { Row } from './result.js';
import { rounded } from './table.js';

/** Pixels: the columns of labels, bars and figures, and the lines of a panel. */
const LABELS = 300;
const BARS = 340;
const WIDTH = 760;
const LINE = 22;
const BAR = 14;
const TITLE = 34;
const MARGIN = 16;

/** What is ours, what it is measured by, and all others. */
const COLOURS = { pypool: '#3b72b0', floor: '#5f6b76', other: '#b9c2ca' };

/** Rows that can be drawn on one scale: of one case, in one metric. */
interface Panel {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** A plot of each suite, by its name, as an SVG: a bar for the median of each row, and a line from the least value to the greatest. */
export function plotsOf(rows: readonly Row[]): Map<string, string> {
  return new Map(
    Array.from(
      grouped(rows, ({ suite }) => suite),
      ([suite, own]) => [suite, plot(suite, own)],
    ),
  );
}

function plot(suite: string, rows: readonly Row[]): string {
  let y = MARGIN;
  const body = panelsOf(rows).map((panel) => {
    const drawn = `<g transform="translate(0 ${y})">${draw(panel)}</g>`;
    y += TITLE + panel.rows.length * LINE + MARGIN;
    return drawn;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}"`,
    ` font-family="system-ui, sans-serif" font-size="13" fill="#1d2329">`,
    `<title>${escaped(suite)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function panelsOf(rows: readonly Row[]): Panel[] {
  const panels = grouped(
    rows,
    (row) => `${row.case}: ${row.metric}${row.unit === '' ? '' : `, ${row.unit}`}`,
  );
  return Array.from(panels, ([title, own]) => ({ title, rows: own }));
}

function draw({ title, rows }: Panel): string {
  const most = Math.max(...rows.map(({ max }) => max));
  const at = (value: number): string => (most > 0 ? (Math.max(0, value) / most) * BARS : 0).toFixed(1);
  const lines = rows.map(({ subject, median, min, max }, index) => {
    const top = TITLE + index * LINE;
    const [base, middle] = [top + BAR - 2, top + BAR / 2];
    return [
      `<text x="${LABELS - 8}" y="${base}" text-anchor="end">${escaped(subject)}</text>`,
      `<rect x="${LABELS}" y="${top}" width="${at(median)}" height="${BAR}" fill="${colourOf(subject)}"/>`,
      `<path d="M${LABELS} ${middle}m${at(min)} 0H${LABELS + Number(at(max))}" stroke="#1d2329"/>`,
      `<text x="${WIDTH - MARGIN}" y="${base}" text-anchor="end">${rounded(median)}</text>`,
    ].join('');
  });
  return [`<text x="${MARGIN}" y="18" font-weight="600">${escaped(title)}</text>`, ...lines].join('\n');
}

function colourOf(subject: string): string {
  if (/^pypool|^pool|^fork|^spawn/.test(subject)) return COLOURS.pypool;
  return /floor|^raw|^bare|^one import|^memcpy/.test(subject) ? COLOURS.floor : COLOURS.other;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
