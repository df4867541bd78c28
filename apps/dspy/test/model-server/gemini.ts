import { tokens, type Dialect, type ModelRequest } from './dialect.js';

interface Content {
  readonly parts: readonly { readonly text?: string }[];
}

/** `generateContent` and `streamGenerateContent` of Gemini. */
export const gemini: Dialect = {
  read({ url = '', headers }, body) {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const [, model, method] = /^\/v1beta\/models\/([^/:]+):(\w+)$/.exec(pathname) ?? [];
    if (model === undefined || (method !== 'generateContent' && method !== 'streamGenerateContent'))
      return undefined;
    const contents = body['contents'] as readonly Content[];
    return {
      api: 'gemini',
      model,
      key: (headers['x-goog-api-key'] as string | undefined) ?? searchParams.get('key') ?? undefined,
      stream: method === 'streamGenerateContent',
      prompt: contents
        .at(-1)!
        .parts.map(({ text }) => text ?? '')
        .join(''),
      body,
    };
  },
  whole: (request, text) => answer(request, text, { finishReason: 'STOP' }, usage(request, text)),
  part: (request, text) => answer(request, text, {}, {}),
  end: (request, text) => [
    JSON.stringify(answer(request, '', { finishReason: 'STOP' }, usage(request, text))),
  ],
  error: (status, message) => ({ error: { code: status, message, status: STATUS[status] ?? 'UNKNOWN' } }),
};

const STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

function answer({ model }: ModelRequest, text: string, end: object, counted: object) {
  return {
    candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, ...end }],
    modelVersion: model,
    responseId: 'local',
    ...counted,
  };
}

function usage({ prompt }: ModelRequest, text: string) {
  const [asked, said] = [tokens(prompt), tokens(text)];
  return {
    usageMetadata: { promptTokenCount: asked, candidatesTokenCount: said, totalTokenCount: asked + said },
  };
}
