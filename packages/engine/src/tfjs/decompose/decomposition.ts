import type { Each, OpDefinition, Tensor } from '@nats/graph';

type Tensors = readonly (Tensor | undefined)[];

/** An op said in simpler ones. */
export interface Decomposition {
  /** The op's name. */
  readonly op: string;
  /** Outputs, in order; undefined where the op is simple enough as it is. */
  build(inputs: readonly Tensor[], attributes: unknown): Tensor | readonly Tensor[] | undefined;
}

/** Of different ops. */
export type Decompositions = readonly Decomposition[];

/** The decomposition of an op: `build` gets as many inputs as the op has. */
export function decomposition<A, I extends Tensors, O extends Tensors>(
  op: OpDefinition<A, I, O>,
  build: (inputs: Each<I, Tensor>, attributes: A) => Tensor | readonly Tensor[] | undefined,
): Decomposition {
  return { op: op.name, build: build as unknown as Decomposition['build'] };
}

/** The inputs of an op's decomposition. */
export type InputsOf<D> = D extends OpDefinition<infer _A, infer I, infer _O> ? Each<I, Tensor> : never;
