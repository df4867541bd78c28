import {
  encodeMessage,
  FrameType,
  negotiate,
  parseHello,
  PROTOCOL_VERSION,
  type Frame,
  type Welcome,
} from '@pypool/protocol';
import { protocolViolation } from '../calls/errors.js';

/** What Node's side of the handshake has to say: all of WELCOME but the version, which the two have to agree on. */
export type WelcomeFacts = Omit<Welcome, 'protocol' | 'outputToken'> & { readonly outputToken: string };

/**
 * Answer a HELLO.
 *
 * @returns the WELCOME to send, and what HELLO said of Python and of what the runtime can do.
 * @throws PypoolError `protocol` where the two share no version of the wire, naming both, or no codec.
 */
export function answerHello(
  frame: Frame,
  facts: WelcomeFacts,
): { readonly welcome: Frame; readonly python: string; readonly capabilities: readonly string[] } {
  const { protocol: theirs, codecs, python, capabilities } = parseHello(frame);
  const protocol = negotiate([PROTOCOL_VERSION, PROTOCOL_VERSION], theirs);
  if (!codecs.includes(facts.codec)) {
    const known = codecs.join(', ') || '(none)';
    throw protocolViolation(facts.workerId, `it speaks the codecs ${known}; this side speaks ${facts.codec}`);
  }
  return { welcome: encodeMessage(FrameType.WELCOME, { protocol, ...facts }), python, capabilities };
}
