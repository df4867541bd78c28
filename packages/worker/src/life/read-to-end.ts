import type { Frame, PypoolError } from '@pypool/protocol';
import type { LaunchedWorker } from '../launcher/contract.js';
import type { OutputLine } from '../output/line-builder.js';
import { readLines, type LineReading } from '../output/line-reader.js';

/** Who hears what a process says. */
export interface ProcessReader {
  readonly onReply: (frame: Frame) => void;
  readonly onControl: (frame: Frame) => void;
  readonly onLine: (stream: 'stdout' | 'stderr', line: OutputLine) => void;
  /** One of the two channels has ended; `error` where it was not read to its end, `isCutOff` where that was inside a frame. */
  readonly onChannelEnd: (
    channel: 'replies' | 'control',
    error: PypoolError | undefined,
    isCutOff: boolean,
  ) => void;
}

/**
 * Read all that a process says, on its channels and its standard streams, for as long as any of them is open.
 *
 * Control counts as much as replies: why it cannot start is the last thing that a runtime says, and it says that on control.
 *
 * @returns resolves when all four have ended.
 */
export async function readToEnd(
  { connection, stdout, stderr }: LaunchedWorker,
  { maxLineBytes, token }: Omit<LineReading, 'onLine'>,
  reader: ProcessReader,
): Promise<void> {
  await Promise.all([
    readLines(stdout, { maxLineBytes, token, onLine: (line) => reader.onLine('stdout', line) }),
    readLines(stderr, { maxLineBytes, token, onLine: (line) => reader.onLine('stderr', line) }),
    new Promise<void>((resolve) => {
      let open = 2;
      const onEnd = (channel: 'replies' | 'control', error: PypoolError | undefined): void => {
        // One that ended inside a frame was read to its end all the same: a death cut off what was being written, and the exit says more of it.
        const isCutOff = error?.context['truncated'] === true;
        reader.onChannelEnd(channel, isCutOff ? undefined : error, isCutOff);
        if (--open === 0) resolve();
      };
      connection.listen({
        replies: { onFrame: reader.onReply, onEnd: (error) => onEnd('replies', error) },
        control: { onFrame: reader.onControl, onEnd: (error) => onEnd('control', error) },
      });
    }),
  ]);
}
