import { fuzz } from './fuzz.js';
import { seeds } from './inputs/seeds.js';
import { PLANTED, type PlantedBug } from './planted.js';
import { openWorkspace } from './workspace.js';

/** In how many inputs a bug must be found: some ten seconds of them. */
const LIMIT = 20_000;

/** Plant each bug by itself and fuzz until something is found. With nothing planted, nothing may be. */
export async function selfTest(
  python: string,
  progress: (line: string) => void,
): Promise<{ readonly text: string; readonly good: boolean }> {
  progress('self-test: nothing planted');
  const clean = await look(python, undefined);
  const rows = [`${'nothing'.padEnd(60)} ${clean === undefined ? '-' : `FOUND ${clean}`}`];
  let good = clean === undefined;
  for (const bug of PLANTED) {
    progress(`self-test: ${bug.about}`);
    const found = await look(python, bug);
    good &&= found !== undefined;
    rows.push(`${bug.about.padEnd(60)} ${found ?? `NOT FOUND in ${LIMIT} inputs`}`);
  }
  return { text: `${rows.join('\n')}\n`, good };
}

/** What was found, and after how many inputs. */
export async function look(python: string, bug: PlantedBug | undefined): Promise<string | undefined> {
  await using workspace = openWorkspace(python, bug);
  const { findings, inputs } = await fuzz({
    seed: 1,
    inputs: LIMIT,
    seeds: seeds(),
    workspace,
    firstOnly: true,
  });
  const [first] = findings;
  return first && `after ${inputs} inputs: ${first.language}, ${first.about.split('\n', 1)[0]!.slice(0, 90)}`;
}
