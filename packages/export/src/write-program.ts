import type { Program, TensorData } from '@nats/graph';
import { inlineProgram } from './lower-program.js';
import { type Lowerings, loweringTable } from './lowering.js';
import { portableLowerings } from './lowerings/index.js';
import type { OnnxBuilder } from './onnx-builder.js';

/** Names of a program's inputs and outputs in the graph that it becomes part of. */
export interface ProgramEnds {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Writes a program into a graph, between what a caller writes before and after it.
 * @param values of its variables, which become initializers
 * @param lowerings that replace the portable ones of single ops
 */
export function writeProgram(
  builder: OnnxBuilder,
  program: Program,
  { inputs, outputs }: ProgramEnds,
  values: ReadonlyMap<string, TensorData>,
  lowerings: Lowerings = [],
): void {
  const table = loweringTable(portableLowerings, lowerings);
  inlineProgram(program, { ...inputs }, { ...outputs }, { builder, table, values, written: new Set() });
}
