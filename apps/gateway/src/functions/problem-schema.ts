import { CATEGORY_OF } from '@pypool/protocol';

/** JSON Schema of the problem documents. */
export const PROBLEM_SCHEMA: Readonly<Record<string, unknown>> = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    category: { enum: [...new Set(Object.values(CATEGORY_OF)), 'request'] },
    code: { type: 'string' },
    outcome: {
      enum: ['not-started', 'unknown', 'finished'],
      description: 'What is known of the call: it never ran, it may have, or the function had ended.',
    },
    retryable: { type: 'boolean' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { field: { type: 'string' }, message: { type: 'string' } },
        required: ['field', 'message'],
      },
    },
    exception: {
      type: 'object',
      properties: { type: { type: 'string' }, module: { type: 'string' } },
    },
    failure: { type: 'object', properties: { code: { type: 'string' }, data: {} } },
  },
  required: ['type', 'title', 'status', 'detail', 'category', 'code', 'outcome', 'retryable'],
};
