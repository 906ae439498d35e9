import type { Program } from '@nats/graph';
import { hoistSelections } from './hoist-selections.js';
import { reorderStreams } from './reorder-streams.js';
import { sinkJoins } from './sink-joins.js';

/**
 * Chooses the order of channels inside a transformed program so that a scheme costs little: the channels of a genotype
 * are made to lie together by permuting weights instead of feature maps. The state stays in the plain network's order;
 * permutations are picks of weights inside the program, which `foldVariables` turns into constants at export.
 *
 * Free of cost: a bottleneck's center and a basic block's first convolution (their order is absorbed by the input
 * channels of the convolution that follows), and the inputs of a grouped center (by the 1x1 convolution before it). A
 * basic block's second convolution feeds the residual stream. Where only convolutions make and read the stream, it gets that
 * order, and others of the stream need a gather if theirs differs; elsewhere all do whose runs are not contiguous. A squeeze
 * and excitation takes its channels, and gives its factors, in the order in which they lie. Batch norm and activation move into the branches, where they fold into the convolutions.
 *
 * For inference programs; a training step keeps the naive form, whose gather has an inverse gather as its gradient.
 * Results are equal up to the order of sums: 1e-12 in float64.
 */
export function layoutPass(program: Program): Program {
  return hoistSelections(reorderStreams(sinkJoins(hoistSelections(program))));
}
