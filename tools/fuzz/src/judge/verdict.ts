/** How reading a value or a message ended: `impossible` fails one call, `protocol` the connection. */
export type Ending = 'ok' | 'protocol' | 'impossible' | 'none';

/** What one side says about one frame. */
export interface FrameVerdict {
  readonly type: number;
  readonly tagged: boolean;
  readonly value: Ending;
  readonly message: Ending;
  /** Digest of what was decoded, `?` where it cannot be compared, `''` where nothing was. */
  readonly meaning: string;
  /** What the reasons say, where a difference may be allowed for them. */
  readonly why: string;
}

/** What one side says about one input. */
export interface Verdict {
  /** How the stream ended: `none`, `protocol` or `frame-too-large`. */
  readonly error: string;
  /** Digest of the frames, up to the first violation. */
  readonly frames: string;
  readonly parts: readonly FrameVerdict[];
  /** What is wrong whatever the other side says: a crash, another result for another split, too much memory. */
  readonly faults: readonly string[];
  /** Whether a branch was taken for the first time in this process. */
  readonly fresh: boolean;
}

/** Answer to an input that is explained rather than judged. */
export interface Explanation {
  readonly verdict: Verdict;
  /** The branches that it takes, by number. */
  readonly branches: readonly number[];
  /** In JavaScript, those that this process ever took. */
  readonly everTaken?: readonly number[];
  /** The whole text of what was decoded, by frame. */
  readonly meanings: readonly string[];
}
