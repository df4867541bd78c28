import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

/** The segments of shared memory that a process has mapped, each by the number of its file. */
export function segmentsOf(pid: number): number[] {
  const files = linesOf(`/proc/${pid}/maps`)
    .filter((line) => line.includes('/memfd:pypool'))
    .map((line) => Number(line.split(/ +/)[4]));
  return [...new Set(files)];
}

/** The processes that have any of these files mapped or open, of those that may be looked at. */
export function holdersOf(segments: readonly number[]): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .filter((pid) => [...segmentsOf(pid), ...openOf(pid)].some((file) => segments.includes(file)));
}

/** How many segments this process has open. */
export function openSegments(): number {
  return openOf(process.pid).length;
}

function openOf(pid: number): number[] {
  return namesIn(`/proc/${pid}/fd`).flatMap((fd) => {
    const path = `/proc/${pid}/fd/${fd}`;
    try {
      return readlinkSync(path).includes('memfd:pypool') ? [statSync(path).ino] : [];
    } catch {
      return []; // closed since the folder was listed
    }
  });
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch {
    return []; // it has ended, or is somebody else's
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
