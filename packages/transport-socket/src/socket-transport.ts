import { createError, type PypoolError } from '@pypool/protocol';
import type { ConnectionOffer, Transport } from '@pypool/transport';
import { listen, type Listener } from './listener.js';
import type { Newcomer } from './newcomer.js';
import {
  resolveSocketTransportOptions,
  type ResolvedSocketTransportOptions,
  type SocketTransportOptions,
} from './options.js';
import type { Preamble } from './preamble.js';
import { Reception } from './reception.js';
import { SocketOffer } from './socket-offer.js';

/**
 * Frames over sockets that the worker dials: for launchers that cannot hand it descriptors.
 *
 * By default a Unix socket in a folder that only this user may enter; with `tcp` and `tls`, workers on other machines. Each worker is known by a
 * secret of its own, which it is given in its environment. One place is listened at for all workers, from the first offer until
 * {@link Transport.close}; where its folder is removed meanwhile, another one from the next offer on. Passes `transportConformance()`.
 *
 * @throws PypoolError `invalid-options`: unknown or contradictory options, a path that is too long for a socket, TCP without TLS beyond this machine.
 */
export function socketTransport(options: SocketTransportOptions = {}): Transport {
  return new SocketTransport(resolveSocketTransportOptions(options));
}

class SocketTransport implements Transport {
  readonly name = 'socket';
  readonly remote: boolean;
  readonly dialled = true;
  readonly #options: ResolvedSocketTransportOptions;
  readonly #offers = new Map<string, SocketOffer>();
  /** Where each newcomer sits that is no channel yet. */
  readonly #seats = new WeakMap<Newcomer, SocketOffer>();
  readonly #reception: Reception;
  #listening: Promise<Listener> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedSocketTransportOptions) {
    this.#options = options;
    this.remote = options.kind === 'tcp';
    this.#reception = new Reception({
      timeoutMs: options.dialTimeoutMs,
      admit: (newcomer, preamble) => this.#admit(newcomer, preamble),
      onLeft: (newcomer) => this.#seats.get(newcomer)?.leave(newcomer),
    });
  }

  async offer(signal: AbortSignal): Promise<ConnectionOffer> {
    signal.throwIfAborted();
    if (this.#closing !== undefined) throw closed();
    const { place, socketPath } = await this.#listener();
    signal.throwIfAborted();
    // It may have been closed meanwhile.
    if (this.#closing !== undefined) throw closed();

    const { kind, dialTimeoutMs } = this.#options;
    const offer: SocketOffer = new SocketOffer({
      timeoutMs: dialTimeoutMs,
      exactEnd: kind === 'unix',
      onOver: () => this.#offers.delete(offer.id),
    });
    this.#offers.set(offer.id, offer);
    const ca = this.#options.kind === 'tcp' ? this.#options.ca : undefined;
    return {
      pipes: 0,
      args: ['--connect', `${place}#${offer.id}`],
      env: {
        PYPOOL_CONNECT_SECRET: offer.secret,
        ...(ca !== undefined && { PYPOOL_CONNECT_CA: ca }),
      },
      sameUser: kind === 'unix',
      ...(socketPath !== undefined && { socketPath }),
      accept: (_pipes, acceptSignal) => offer.accept(acceptSignal),
      withdraw: () => offer.fail(withdrawn()),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Where workers can dial: another place than before, where somebody has removed that. Connections from there stay. */
  async #listener(): Promise<Listener> {
    const listening = this.#listening ?? this.#keep(this.#listen());
    const listener = await listening;
    if (listener.isThere() || this.#closing !== undefined) return listener;
    if (this.#listening === listening) void this.#keep(listener.close().then(() => this.#listen()));
    return this.#listener();
  }

  /** For all offers; where it fails, the next offer tries again. */
  #keep(listening: Promise<Listener>): Promise<Listener> {
    this.#listening = listening;
    listening.catch(() => {
      if (this.#listening === listening) this.#listening = undefined;
    });
    return listening;
  }

  #listen(): Promise<Listener> {
    return listen(this.#options, {
      onConnection: (stream) => this.#reception.meet(stream),
      onError: (error) => {
        for (const offer of [...this.#offers.values()]) offer.fail(refused(error));
      },
    });
  }

  #admit(newcomer: Newcomer, preamble: Preamble): boolean {
    const offer = this.#offers.get(preamble.offerId);
    if (offer === undefined) return false;
    this.#seats.set(newcomer, offer);
    if (offer.seat(newcomer, preamble)) return true;
    this.#seats.delete(newcomer);
    return false;
  }

  async #close(): Promise<void> {
    for (const offer of [...this.#offers.values()]) offer.fail(closed());
    const listener = await this.#listening?.catch(() => undefined); // it has said so to whoever asked for an offer
    await listener?.close();
    this.#reception.close();
  }
}

function closed(): PypoolError {
  return createError({
    code: 'start-failed',
    message: 'The socket transport has been closed.',
    retryable: false,
  });
}

function withdrawn(): PypoolError {
  return createError({ code: 'start-failed', message: 'The offer of the socket transport was withdrawn.' });
}

function refused(cause: Error): PypoolError {
  return createError({
    code: 'start-failed',
    message: `The socket transport could not take a connection: ${cause.message}.`,
    cause,
  });
}
