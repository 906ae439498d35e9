import { broadcastTo, type Dimension, reshape, type Scope, sliceAxis, softmax, type Tensor, zeros } from '@nats/graph';

/**
 * Architecture parameters of one convolution, `[K, G]`: how much channel group k prefers genotype g. Zero at the start,
 * so that every genotype begins with the same mixing weight (our choice, as DARTS up to its small noise).
 */
export function architectureParameter(scope: Scope, site: string, groups: number, genotypes: number): Tensor {
  return scope.parameter(site, [groups, genotypes], zeros);
}

/** Independent softmax over the genotypes of each channel group (NATS, Figure 3): `[K, G]`, rows sum to 1. */
export function mixture(alpha: Tensor): Tensor {
  return softmax(alpha, 1);
}

/** Rows for channel groups `[K, G]` to rows for channels `[O, G]`: group k has the k-th run of O / K channels. */
export function perChannel(rows: Tensor, channels: number): Tensor {
  const [groups, genotypes] = rows.shape as [number, number];
  const repeated: Dimension[] = [groups, channels / groups, genotypes];
  return reshape(broadcastTo(reshape(rows, [groups, 1, genotypes]), repeated), [channels, genotypes]);
}

/** The mixing weight of genotype `g` for each output channel, shaped to scale a weight `[O, I, 3, 3]`. */
export function mixingWeightOf(mixingWeights: Tensor, g: number): Tensor {
  return reshape(sliceAxis(mixingWeights, 1, g, g + 1), [mixingWeights.shape[0]!, 1, 1, 1]);
}
