import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { checkOptions, createError, type PypoolError } from '@pypool/protocol';
import { z } from 'zod';
import { checkPathLength } from './private-folder.js';

/** Options of `socketTransport()`. Without any, workers dial a Unix socket that only this user can reach. */
export interface SocketTransportOptions {
  /** Folder below which the private folder of the Unix socket is made. @defaultValue `os.tmpdir()` */
  readonly folder?: string;
  /** Listen on TCP instead. Needs `tls` unless the host is this machine's loopback. */
  readonly tcp?: TcpOptions;
  /** Encrypt, and let workers verify this Node. Goes with `tcp`. */
  readonly tls?: TlsOptions;
  /**
   * How long a connection may take to say who it is, TLS included, and a worker to make its three. What is late is closed. At least 1. Finite.
   *
   * @defaultValue `10_000`
   */
  readonly dialTimeoutMs?: number;
}

/** Where to listen on TCP, and what workers are told to dial. */
export interface TcpOptions {
  /** Name or address of the interface to listen on: `'127.0.0.1'`, `'0.0.0.0'` for all. */
  readonly host: string;
  /** 0: one that is free. @defaultValue `0` */
  readonly port?: number;
  /** Where workers find it, where that is another place as seen from them. @defaultValue `host` and the port that is listened on */
  readonly advertise?: AdvertisedPlace;
}

/** A place as workers see it. */
export interface AdvertisedPlace {
  /** Name or address; with TLS it is the one that the certificate has to be for. */
  readonly host: string;
  /** @defaultValue the port that is listened on */
  readonly port?: number;
}

/** This Node's identity, in PEM. */
export interface TlsOptions {
  readonly key: string | Buffer;
  /** The certificate, followed by those between it and the CA. */
  readonly cert: string | Buffer;
  /** What workers verify it by. Handed to them with the secret. @defaultValue what their system trusts */
  readonly ca?: string | Buffer;
}

/** {@link SocketTransportOptions}, checked: one of two ways. */
export type ResolvedSocketTransportOptions = {
  readonly dialTimeoutMs: number;
} & (
  | { readonly kind: 'unix'; readonly folder: string }
  | {
      readonly kind: 'tcp';
      readonly tcp: TcpOptions;
      readonly secureContext: SecureContext | undefined;
      readonly ca: string | undefined;
    }
);

const port = z.int().min(0).max(65_535);
const pem = z.union([z.string().min(1), z.instanceof(Buffer)], {
  error: 'expected PEM, as text or a Buffer',
});
const schema = z.strictObject({
  folder: z.string().min(1).optional(),
  tcp: z
    .strictObject({
      host: z.string().min(1),
      port: port.optional(),
      advertise: z.strictObject({ host: z.string().min(1), port: port.min(1).optional() }).optional(),
    })
    .optional(),
  tls: z.strictObject({ key: pem, cert: pem, ca: pem.optional() }).optional(),
  dialTimeoutMs: z
    .number()
    .min(1)
    .max(2 ** 31 - 1)
    .optional(),
});

/** What some of them are called elsewhere. */
const OTHER_NAMES = {
  path: 'folder',
  dir: 'folder',
  directory: 'folder',
  ssl: 'tls',
  host: 'tcp',
  port: 'tcp',
};

/** @throws PypoolError `invalid-options`. */
export function resolveSocketTransportOptions(
  options: SocketTransportOptions,
): ResolvedSocketTransportOptions {
  const checked = checkOptions('socketTransport()', schema, options, OTHER_NAMES);
  const { folder, tcp, tls, dialTimeoutMs = 10_000 } = checked;
  if (tcp === undefined) {
    if (tls !== undefined)
      throw invalid('tls goes with tcp: a Unix socket never leaves this machine. Add tcp: { host }');
    const parent = resolve(folder ?? tmpdir());
    checkPathLength(parent);
    return { kind: 'unix', folder: parent, dialTimeoutMs };
  }
  if (folder !== undefined)
    throw invalid('folder is where a Unix socket is made, and with tcp there is none. Leave one of them out');
  if (tls === undefined && !isLoopback(tcp.host)) {
    throw invalid(
      `tcp.host ${tcp.host} can be reached from other machines, and without tls all that goes to and from workers can be read and changed on the way. ` +
        "Add tls: { key, cert, ca }, or listen on '127.0.0.1'",
    );
  }
  if (isUnspecified(tcp.host) && tcp.advertise === undefined) {
    throw invalid(
      `tcp.host ${tcp.host} stands for all interfaces, which nobody can dial. Add tcp.advertise: { host } with a name that workers find this machine by`,
    );
  }
  return { kind: 'tcp', tcp, dialTimeoutMs, ca: tls?.ca?.toString(), secureContext: tls && secured(tls) };
}

function secured({ key, cert, ca }: TlsOptions): SecureContext {
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw invalid('tls.ca holds no certificate in PEM. Pass the contents of the file, not its path');
  }
  try {
    return createSecureContext({ key, cert });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalid(
      `tls.key and tls.cert are no key with its certificate in PEM (${why}). Pass the contents of the files, not their paths`,
      cause,
    );
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function invalid(what: string, cause?: unknown): PypoolError {
  return createError({
    code: 'invalid-options',
    message: `Invalid options of socketTransport(): ${what}.`,
    cause,
  });
}
