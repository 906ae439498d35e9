import type { Node, Program, Shape } from '@nats/graph';
import type { OnnxBuilder } from './onnx-builder.js';

export interface LoweringContext<A> {
  readonly builder: OnnxBuilder;
  readonly node: Node;
  readonly attributes: A;
  /** Names of the values of the node's inputs. */
  readonly inputs: readonly string[];
  /** Names that the node's outputs must get. */
  readonly outputs: readonly string[];
  /** Shapes of the node's inputs. */
  readonly shapes: readonly Shape[];
  /**
   * Writes a program in this place: for lowerings that are composed of other ops (see `composed`).
   * @param inputs names of the values that its inputs stand for
   * @param outputs names that its outputs must get
   */
  inline(program: Program, inputs: Readonly<Record<string, string>>, outputs: Readonly<Record<string, string>>): void;
}

/** Writes one node of a program as ONNX nodes. */
export interface Lowering<A = unknown> {
  lower(context: LoweringContext<A>): void;
}

/** Lowerings by op name. Engines pass their own to replace the portable ones. */
export type LoweringTable = Readonly<Record<string, Lowering>>;

/** Only there so that the attribute type can be written once. */
export function lowering<A>(lower: (context: LoweringContext<A>) => void): Lowering {
  const typed: Lowering<A> = { lower };
  return typed;
}

/** A lowering to one ONNX op without attributes. */
export function direct(type: string): Lowering {
  return lowering(({ builder, inputs, outputs }) => void builder.node(type, inputs, {}, outputs));
}
