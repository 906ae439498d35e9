import { eliminateCommonSubexpressions } from './passes/common-subexpressions.js';
import { foldConstants } from './passes/constants.js';
import { assemble, type Program } from './program.js';
import type { Tensor } from './tensor.js';

export interface ProgramParts {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** All updates read the state as it was before the run. */
  readonly updates?: ReadonlyMap<string, Tensor>;
}

/**
 * Makes a program of the nodes that its outputs and updates need, common subexpressions merged and constants folded.
 * @throws NatsError `name` if two inputs, or two declarations of a variable, contradict each other.
 */
export function createProgram({ outputs, updates = new Map() }: ProgramParts): Program {
  const program = assemble(new Map(Object.entries(outputs)), updates);
  return foldConstants(eliminateCommonSubexpressions(program));
}

