import { Session } from 'node:inspector/promises';
import { basename } from 'node:path';

/** How long each function itself ran, without those it called: microseconds, by `name (file)`. */
export type SelfTimes = Readonly<Record<string, number>>;

/** Run `body` under V8's sampling profiler. */
export async function selfTimes(body: () => Promise<unknown>): Promise<SelfTimes> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 100 });
  await session.post('Profiler.start');
  await body();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();

  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url } }) => {
      const name = functionName === '' ? '(anonymous)' : functionName;
      return [id, url === '' ? name : `${name} (${basename(url)})`];
    }),
  );
  const times: Record<string, number> = {};
  // The inspector works in this process too; what it does for itself is none of the body's time.
  profile.samples?.forEach((node, sample) => {
    const name = names.get(node)!;
    if (name === 'dispatch') return;
    times[name] = (times[name] ?? 0) + (profile.timeDeltas?.[sample] ?? 0);
  });
  return times;
}
