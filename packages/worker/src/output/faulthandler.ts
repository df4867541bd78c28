import type { PythonFrame } from '@pypool/protocol';

/** How the stack of a thread begins. */
export interface ThreadHeading {
  readonly id: number;
  /** From Python 3.14 on. */
  readonly name: string | undefined;
  /** It is the one that the signal reached: of a process that was signalled, its main thread. */
  readonly current: boolean;
  /** What somebody else had written of that line by then. */
  readonly before: string;
}

const HEADING =
  /^(?<before>.*?)(?<which>Current thread|Thread) 0x(?<id>[0-9a-f]+)(?: \[(?<name>.*)\])? \(most recent call first\):$/;
const FRAME = /^ {2}File "(?<file>.*)", line (?<line>\d+|\?\?\?) in (?<name>.*)$/;

/** Read the line with which faulthandler begins the stack of a thread. */
export function headingOf(line: string): ThreadHeading | undefined {
  const { before = '', which, id = '', name } = HEADING.exec(line)?.groups ?? {};
  if (which === undefined) return undefined;
  return { id: Number.parseInt(id, 16), name, current: which === 'Current thread', before };
}

/** Read a line of such a stack. faulthandler knows no source line. */
export function frameOf(line: string): PythonFrame | undefined {
  const { file, line: number = '', name } = FRAME.exec(line)?.groups ?? {};
  if (file === undefined || name === undefined) return undefined;
  return { file, line: Number.parseInt(number) || 0, function: name, code: undefined };
}

/** A frame as faulthandler writes it, without the space before it. */
export function lineOf({ file, line, function: name }: PythonFrame): string {
  return `File "${file}", line ${line} in ${name}`;
}
