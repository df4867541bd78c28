import { tokens, type Dialect, type ModelRequest } from './dialect.js';

interface Message {
  readonly role: string;
  readonly content: string;
}

/** The chat completions of OpenAI, and of whoever is compatible with them. */
export const openai: Dialect = {
  read({ url = '', headers }, body) {
    if (url !== '/v1/chat/completions') return undefined;
    const messages = body['messages'] as readonly Message[];
    return {
      api: 'openai',
      model: String(body['model']),
      key: headers.authorization?.replace(/^Bearer /, ''),
      stream: body['stream'] === true,
      prompt: messages.at(-1)!.content,
      body,
    };
  },
  whole: (request, text) => ({
    ...head(request, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: usage(request, text),
  }),
  part: (request, text) => ({
    ...head(request, 'chat.completion.chunk'),
    choices: [{ index: 0, delta: { role: 'assistant', content: text }, finish_reason: null }],
  }),
  end: (request, text) => [
    JSON.stringify({
      ...head(request, 'chat.completion.chunk'),
      choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
    }),
    JSON.stringify({
      ...head(request, 'chat.completion.chunk'),
      choices: [],
      usage: usage(request, text),
    }),
    '[DONE]',
  ],
  error: (status, message) => ({
    error: {
      message,
      type: `status_${status}`,
      code: status === 404 ? 'model_not_found' : null,
      param: null,
    },
  }),
};

function head({ model }: ModelRequest, object: string) {
  return { id: 'chatcmpl-local', object, created: 0, model };
}

function usage({ prompt }: ModelRequest, text: string) {
  const [asked, said] = [tokens(prompt), tokens(text)];
  return { prompt_tokens: asked, completion_tokens: said, total_tokens: asked + said };
}
