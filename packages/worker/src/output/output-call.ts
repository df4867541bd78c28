/** The call that something was printed or logged for; all `null` where that is none, or not certain. */
export interface OutputCall {
  /** `current_call().id` in Python, unique in its worker. */
  readonly callId: number | null;
  /** What it runs. */
  readonly function: string | null;
  /** `null` for a call without a session, too. */
  readonly sessionId: string | null;
}

/** Of what belongs to no call. */
export const NO_CALL: OutputCall = Object.freeze({ callId: null, function: null, sessionId: null });
