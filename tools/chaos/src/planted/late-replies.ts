import type { PoolWorker, WorkerFactory } from '@pypool/pool';
import type { OutgoingCall, PypoolError } from '@pypool/protocol';

/**
 * Workers with a bug: a call that is ended answers at once, and the handler goes on unheard. What it returns then is taken for
 * the answer of the call that the worker was given next.
 */
export function lateReplies(workers: WorkerFactory): WorkerFactory {
  return {
    start: async (request, observer, signal) => late(await workers.start(request, observer, signal)),
    close: () => workers.close(),
  };
}

/** A call on its way to a worker, and whom its answer reaches. */
interface Relay extends OutgoingCall {
  answers: OutgoingCall | undefined;
}

function late(worker: PoolWorker): PoolWorker {
  const relays = new Map<OutgoingCall, Relay>();
  const given = (call: OutgoingCall): OutgoingCall => relays.get(call) ?? call;
  return {
    concurrency: worker.concurrency,
    get facts() {
      return worker.facts;
    },
    run(call) {
      for (const relay of relays.values()) if (relay.kind === call.kind) relay.answers ??= call;
      const relay = relayOf(call, () => relays.delete(call));
      relays.set(call, relay);
      worker.run(relay);
    },
    cancel(call: OutgoingCall, error: PypoolError) {
      const relay = relays.get(call);
      if (relay === undefined) return;
      relay.answers = undefined;
      call.onError(error);
    },
    leave: (call) => worker.leave(given(call)),
    grant: (call, items, bytes) => worker.grant(given(call), items, bytes),
    close: (options) => worker.close(options),
    kill: (reason) => worker.kill(reason),
  };
}

function relayOf(call: OutgoingCall, onAnswered: () => void): Relay {
  const { kind, name, args, meta, executionTimeoutMs, itemTimeoutMs, credit, creditBytes } = call;
  const relay: Relay = {
    ...{ kind, name, args, meta, executionTimeoutMs, itemTimeoutMs, credit, creditBytes },
    answers: call,
    onStart: () => relay.answers?.onStart(),
    onItem: (value, bytes) => relay.answers?.onItem(value, bytes),
    onResult(value) {
      onAnswered();
      relay.answers?.onResult(value);
    },
    onError(error) {
      onAnswered();
      relay.answers?.onError(error);
    },
  };
  return relay;
}
