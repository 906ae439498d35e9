import {
  check,
  createProgram,
  createScope,
  type Engine,
  type ScopeOptions,
  type State,
  type Tensor,
  type TensorData,
  tensorData,
  variableName,
} from '@nats/graph';
import type { ConvolutionBuilder } from '@nats/space';
import type { Objective } from '../objective.js';
import { feedsOf } from './feeds.js';

/** Options of `recalibrate`. */
export interface RecalibrateOptions {
  readonly engine: Engine;
  /** Its running statistics are replaced; nothing else changes. */
  readonly state: State;
  readonly objective: Objective;
  /** Default `train`. */
  readonly split?: string;
  /** Number of batches to average over. */
  readonly batches: number;
  /** First of them; default 0. */
  readonly start?: number;
  readonly convolution?: ConvolutionBuilder;
  /** Norms that keep their statistics have `running`; default: all are measured. */
  readonly normalization?: ScopeOptions['normalization'];
  /** Ends between batches; then the state is as before. */
  readonly signal?: AbortSignal;
}

/**
 * Measures the running statistics of batch norms anew: the average over batches of their means and of their unbiased
 * variances, each batch normalized by its own, as PyTorch's `update_bn`. Needed where weights changed without their
 * statistics: averaged weights, or convolutions with other dilations.
 * @returns names of the statistics that were replaced
 * @throws NatsError `attribute` if the loss has no norm to measure
 */
export async function recalibrate(options: RecalibrateOptions): Promise<string[]> {
  const { engine, state, objective, split = 'train', batches, start = 0, signal } = options;
  check(Number.isInteger(batches) && batches >= 1, 'attribute', () => ({
    rule: 'statistics are averaged over at least one batch',
    received: String(batches),
  }));
  const executable = await engine.compile(statisticsProgram(options));
  try {
    const sums = new Map<string, { readonly shape: readonly number[]; readonly sum: Float64Array }>();
    for (let i = 0; i < batches; i++) {
      signal?.throwIfAborted();
      const outputs = await executable.run(state, feedsOf(executable, await objective.batch(split, start + i)));
      for (const [name, { shape, data }] of Object.entries(outputs)) {
        const { sum } = sums.get(name) ?? { sum: new Float64Array(data.length) };
        for (let k = 0; k < sum.length; k++) sum[k]! += data[k]!;
        sums.set(name, { shape, sum });
      }
    }
    const averages = [...sums].map(([name, { shape, sum }]): [string, TensorData] => [
      name,
      tensorData(
        'float32',
        shape,
        sum.map((value) => value / batches),
      ),
    ]);
    await state.write(new Map(averages));
    return averages.map(([name]) => name);
  } finally {
    await executable.dispose();
  }
}

/** Returns each batch's own statistics, under the names of the running ones. */
function statisticsProgram({ objective, normalization = 'batch', convolution }: RecalibrateOptions) {
  const measured = new Map<string, Tensor>();
  const scope = createScope({
    normalization,
    moveStatistic: (running, batch) => {
      measured.set(variableName(running), batch);
      return batch;
    },
  });
  objective.loss(scope, convolution && { convolution });
  check(measured.size > 0, 'attribute', () => ({
    rule: 'only a network with batch norms in training mode is recalibrated',
    received: `'${objective.name}', which moves no statistics`,
  }));
  return createProgram({ outputs: Object.fromEntries(measured) });
}
