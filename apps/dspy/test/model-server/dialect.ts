import type { IncomingMessage } from 'node:http';

/** A request to a model, whatever API it came by. */
export interface ModelRequest {
  readonly api: 'openai' | 'gemini';
  readonly model: string;
  /** The key it came with, whichever way. */
  readonly key: string | undefined;
  readonly stream: boolean;
  /** What the user's last message says. */
  readonly prompt: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How one API puts what a model says. */
export interface Dialect {
  /** The request, or nothing where it is none of this API. */
  read(request: IncomingMessage, body: Record<string, unknown>): ModelRequest | undefined;
  /** A whole answer. */
  whole(request: ModelRequest, text: string): unknown;
  /** Part of a streamed answer. */
  part(request: ModelRequest, text: string): unknown;
  /** What ends a streamed answer: its last events, as text. */
  end(request: ModelRequest, text: string): readonly string[];
  /** The body of an error. */
  error(status: number, message: string): unknown;
}

/** Words, as a tokenizer for tests counts them. */
export function tokens(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
