import { createScope, type Engine, initialize, type TensorData } from '@nats/graph';
import type { ConvolutionBuilder } from '@nats/space';
import { type Objective, recalibrate } from '@nats/train/core';

/** Scope path of a detector's backbone, as torchvision's. */
export const BACKBONE = 'backbone.body';

/** Options of `recalibratedNorms`. */
export interface RecalibratedNormsOptions {
  readonly engine: Engine;
  readonly objective: Objective;
  /** Pretrained weights, by full name. */
  readonly initial: ReadonlyMap<string, TensorData>;
  /** How searchable convolutions of the backbone are built: with other dilations its maps have other statistics. */
  readonly convolution?: ConvolutionBuilder;
  /** To average over; default 50. */
  readonly batches?: number;
  /** Default `train`. */
  readonly split?: string;
  readonly signal?: AbortSignal;
}

/**
 * Pretrained weights with the statistics that the backbone's batch norms have on the images of a detection dataset, for
 * trainings that freeze them: those of the classifier belong to its own images, sizes and dilations. Give the result to
 * `createTraining` as `initial`; a training that continues from a checkpoint does not look at it.
 * @throws NatsError `attribute` if the detector has no batch norm
 */
export async function recalibratedNorms(options: RecalibratedNormsOptions): Promise<Map<string, TensorData>> {
  const { engine, objective, initial, convolution, batches = 50, split, signal } = options;
  const scope = createScope({ normalization: 'batch' });
  objective.loss(scope, convolution && { convolution });
  const known = [...initial].filter(([name]) => scope.spec.has(name));
  const state = await engine.createState(scope.spec, new Map([...initialize(scope.spec, 0), ...known]));
  try {
    const names = await recalibrate({
      engine,
      state,
      objective,
      batches,
      ...(split !== undefined && { split }),
      ...(convolution && { convolution }),
      ...(signal && { signal }),
    });
    // Norms outside the backbone follow weights that are not yet trained.
    const measured = await state.read(names.filter((name) => name.startsWith(`${BACKBONE}.`)));
    return new Map([...initial, ...measured]);
  } finally {
    await state.dispose();
  }
}
