import {
  batchNorm,
  convolution,
  crossEntropy,
  type Feeds,
  globalAveragePool,
  hash32,
  hashNormal,
  input,
  linear,
  relu,
  reshape,
  type Scope,
  type Tensor,
  tensorData,
} from '@nats/graph';
import type { Objective } from '../../src/objective.js';

export interface TinyOptions {
  readonly batchSize?: number;
  readonly norm?: boolean;
}

/** A network of one convolution, a batch norm and a linear layer on 6x6 images of noise whose mean tells the class. */
export function tinyObjective({ batchSize = 4, norm = true }: TinyOptions = {}): Objective {
  return {
    name: 'tiny',
    batchSize,
    splits: { train: { size: 64 }, test: { size: 16 } },
    loss: (scope, { batch = batchSize } = {}) => {
      const logits = tinyNetwork(scope, input('image', 'float32', [batch, 1, 6, 6]), norm);
      const loss = crossEntropy(logits, input('label', 'int32', [batch]));
      return { loss };
    },
    batch: async (split, step) => tinyBatch(split, step, batchSize),
    identify: (split, step) => Array.from({ length: batchSize }, (_, i) => `${split}-${step * batchSize + i}`),
  };
}

export function tinyNetwork(scope: Scope, x: Tensor, norm: boolean): Tensor {
  const y = convolution(scope.child('conv'), x, { channels: 5, padding: 1 });
  const pooled = globalAveragePool(relu(norm ? batchNorm(scope.child('norm'), y) : y));
  return linear(scope.child('fc'), reshape(pooled, [pooled.shape[0]!, 5]), 3);
}

export function tinyBatch(split: string, step: number, batchSize: number): Feeds {
  const images = new Float32Array(batchSize * 36);
  const labels = new Int32Array(batchSize);
  for (let i = 0; i < batchSize; i++) {
    const example = (split === 'train' ? 0 : 1e6) + step * batchSize + i;
    labels[i] = hash32(5, example) % 3;
    for (let k = 0; k < 36; k++) images[i * 36 + k] = hashNormal(6, example * 36 + k) + labels[i]! - 1;
  }
  return {
    image: tensorData('float32', [batchSize, 1, 6, 6], images),
    label: tensorData('int32', [batchSize], labels),
  };
}
