import { fileURLToPath } from 'node:url';
import { createPythonPool, isPypoolError } from 'pypool';
import { Checks, plainCensus } from './check.js';
import type { Definition, Library } from './facts.js';
import { total } from './facts.js';
import { listLibrary } from './library.js';
import { isAlive, livingChildren } from './processes.js';
import { Progress } from './progress.js';
import { censusReport, poolReport, type GoneWorker } from './report.js';
import { runCensus } from './run-census.js';

const checks = new Checks();
const pids = new Set<number>();
// What another started us with (a debugger, a TypeScript loader) is not ours to judge.
const childrenBefore = new Set(livingChildren());

const started = performance.now();
const pool = await createPythonPool({
  name: 'census',
  module: fileURLToPath(new URL('../python/handlers.py', import.meta.url)),
  size: 2,
  overflow: 0,
});
const startMs = performance.now() - started;
pool.on('worker-ready', ({ facts }) => pids.add(facts['pid'] as number));
const gone: GoneWorker[] = [];
pool.on('worker-exit', ({ workerId: id, calls, exit: { reason, signal } }) =>
  gone.push({ id, calls, why: reason === 'died' ? `died of ${signal}` : `${reason} by the pool` }),
);
for (const { facts } of pool.status().workers) if (typeof facts['pid'] === 'number') pids.add(facts['pid']);

// 1. Ask Python where its library is, and list the files from here.
const library = await pool.call<Library>('library');
const files = listLibrary(library.folder);
console.log(
  `Python ${library.python}: ${files.length} modules of its standard library, ${pool.status().size} workers\n`,
);

// 2. Every file through the pool; one worker is killed under its call on the way.
const progress = new Progress('census', files.length);
const killed = new Set<string>();
const censusStarted = performance.now();
const census = await runCensus(pool, files, (done, madeAgain) => {
  progress.step();
  // Its answer may be on its way already: then another has to die.
  if (madeAgain > 0 || done < files.length / 3) return;
  const victim = pool.status().workers.find(({ id, running }) => running.length > 0 && !killed.has(id));
  if (victim === undefined || killed.size > gone.length) return;
  killed.add(victim.id);
  const pid = victim.facts['pid'] as number;
  process.kill(pid, 'SIGKILL');
  progress.note(`(killed worker ${victim.id}, pid ${pid}, in the middle of a call)`);
});
progress.end();
const censusSeconds = (performance.now() - censusStarted) / 1000;

// 3. A job for hours, cancelled.
const impatience = new AbortController();
const hopeless = pool.call('most_alike', [files.map(({ path }) => path)], { signal: impatience.signal });
setTimeout(() => impatience.abort(new Error('nobody waits that long')), 100);
const refusal: unknown = await hopeless.catch((error: unknown) => error);
if (isPypoolError(refusal)) {
  const { name, outcome } = refusal;
  const ended = outcome === 'finished' ? ': Python has ended it' : '';
  console.log(`\ncancelled a job for hours: ${name}, outcome ${outcome}${ended}`);
}

// 4. One result as a stream, left early.
const widest = files.find(({ path }) => path.endsWith('typing.py')) ?? files[0]!;
console.log(`\nthe first definitions of ${widest.path.slice(library.folder.length + 1)}, streamed:`);
let streamed = 0;
for await (const { line, depth, kind, name } of pool.stream<Definition>('outline', [widest.path])) {
  console.log(`  ${String(line).padStart(5)}  ${'  '.repeat(depth)}${kind} ${name}`);
  streamed += 1;
  if (streamed === 6) break;
}

console.log(`\n${censusReport(files, census.facts)}\n`);
console.log(`${poolReport(pool, { startMs, seconds: censusSeconds, calls: files.length, gone })}\n`);

const sessions = pool.sessions.list();
const packages = new Set(files.flatMap((file) => file.package ?? []));
await pool.close();

// 5. Is it all true?
const plain = await plainCensus(
  library.executable,
  files.map(({ path }) => path),
);
checks.same(
  `the totals equal those of one plain Python process (${total(plain).lines.toLocaleString('en-US')} lines)`,
  files.map(({ path }) => census.facts.get(path)),
  plain,
);
checks.that(
  `no result was lost or doubled (${census.facts.size} of ${files.length}, ${census.madeAgain} asked again)`,
  census.facts.size === files.length && [...census.answers.values()].every((count) => count === 1),
);
checks.that('a worker was killed, and its call came back as a typed error', census.madeAgain > 0);
checks.that(
  'the hopeless job was cancelled',
  isPypoolError(refusal) && refusal.code === 'aborted',
  String(refusal),
);
checks.that('the stream gave what was asked of it', streamed === 6);
checks.that(
  `each of the ${packages.size} packages had its session, whatever worker served it`,
  sessions.length === packages.size && sessions.every(({ id }) => packages.has(id)),
);
const left = [...pids].filter(isAlive).concat(livingChildren().filter((pid) => !childrenBefore.has(pid)));
checks.that(
  `no process is left of the ${pids.size} workers`,
  pids.size > 2 && left.length === 0,
  `pids ${left.join(', ')}`,
);
process.exitCode = checks.exitCode;
