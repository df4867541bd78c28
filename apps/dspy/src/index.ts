export { createDspy } from './dspy.js';
export type { Dspy, DspyOptions, DspyStats, Pong } from './dspy.js';
export type { DspySession, Inputs, ListedProgram } from './dspy-session.js';
export type { CommandName } from './commands.js';
export type { ModelCounts } from './counters.js';
export { codeOf, DspyError } from './dspy-error.js';
export type { DspyErrorCode } from './dspy-error.js';
export type {
  Field,
  FieldType,
  ModelConfig,
  ModelInfo,
  Predictor,
  ProgramDefinition,
  ProgramInfo,
  ProgramPart,
  ProgramResult,
  ProgramToken,
  Signature,
  Usage,
} from './program.js';
