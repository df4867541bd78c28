/** One fenced block of a page, with what the comment before it says about running it. */
export interface Sample {
  /** Line of the page on which its code starts, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** From `<!-- with: CODE -->` or `<!-- test: CODE -->`: code that comes before the sample, and that readers do not need to see. */
  readonly preamble: string;
  /** Whether it is a test file, for vitest, and no program: `<!-- test: CODE -->`. */
  readonly isTest: boolean;
  /** From `<!-- not run: REASON -->`. */
  readonly notRun: string | undefined;
}

const BLOCK =
  /(?:^<!-- (?<mark>with|test|not run):(?<text>[^]*?)-->\n+)?^```(?<language>\w+)\n(?<code>[^]*?)^```$/gm;

/** The fenced blocks of a Markdown page, in order. */
export function samplesOf(page: string): Sample[] {
  return [...page.matchAll(BLOCK)].map(({ index, groups, 0: whole }) => {
    const { mark, text = '', language = '', code = '' } = groups ?? {};
    return {
      line: page.slice(0, index + whole.indexOf('```')).split('\n').length + 1,
      language,
      code,
      preamble: mark === 'not run' ? '' : text.trim(),
      isTest: mark === 'test',
      notRun: mark === 'not run' ? text.trim() : undefined,
    };
  });
}

/** The file that a Python sample is, by its first line: `# embeddings.py - what it is`. */
export function fileNameOf({ code }: Sample): string | undefined {
  return /^# ([\w/-]+\.py)\b/.exec(code)?.[1];
}
