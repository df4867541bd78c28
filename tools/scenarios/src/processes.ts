import { readFileSync, readdirSync } from 'node:fs';

/** What `/proc` says of one process. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** `R`, `S`, `D`, `Z`, ... */
  readonly state: string;
  readonly command: string;
}

/** One process, or `undefined` where it is gone. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      state: fields[0]!,
      parent: Number(fields[1]),
      group: Number(fields[2]),
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
    };
  } catch {
    return undefined; // it ended while we looked
  }
}

/** Every process of the machine. */
export function allProcesses(): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processFacts(Number(name)) ?? []);
}

/** Whether a process runs: a zombie that init has yet to collect does not. */
export function isAlive(pid: number): boolean {
  const facts = processFacts(pid);
  return facts !== undefined && facts.state !== 'Z';
}

/** Whether a process is a zombie that its parent has not collected. */
export function isZombie(pid: number): boolean {
  return processFacts(pid)?.state === 'Z';
}

/** Children, their children and so on of a process, zombies included. */
export function descendants(pid = process.pid): ProcessFacts[] {
  const all = allProcesses();
  const found: ProcessFacts[] = [];
  const parents = new Set([pid]);
  for (let grew = true; grew;) {
    grew = false;
    for (const facts of all) {
      if (parents.has(facts.parent) && !parents.has(facts.pid)) {
        parents.add(facts.pid);
        found.push(facts);
        grew = true;
      }
    }
  }
  return found;
}

/** Processes whose environment holds `NAME=value`: also those that a dead parent left to init. */
export function processesWithEnv(name: string, value: string): ProcessFacts[] {
  const wanted = `${name}=${value}`;
  return allProcesses().filter(({ pid, state }) => {
    if (state === 'Z') return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted);
    } catch {
      return false; // gone, or not ours to read
    }
  });
}
