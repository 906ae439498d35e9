import type { Tensor } from '@nats/graph';

/** An op said in simpler ones: its outputs, in order; undefined where it is simple enough as it is. */
export type Decomposition = (inputs: readonly Tensor[], attributes: unknown) => Tensor | readonly Tensor[] | undefined;

export type DecompositionTable = Readonly<Record<string, Decomposition>>;

/** Only there so that the attribute type can be written once. */
export function decomposition<A>(
  build: (inputs: readonly Tensor[], attributes: A) => Tensor | readonly Tensor[] | undefined,
): Decomposition {
  return (inputs, attributes) => build(inputs, attributes as A);
}
