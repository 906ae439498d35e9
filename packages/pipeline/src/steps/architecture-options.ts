import { ARCHITECTURE_BETAS, type SearchOptions } from '@nats/search';
import type { LatencyTable } from '@nats/space';
import { adam, constantRate } from '@nats/train';
import type { SearchSettings } from '../config/sections/training.js';

/** How the architecture of a search is fitted, as `createSearch` takes it. @param table for `latencyWeight` */
export function architectureOptions(
  settings: SearchSettings,
  table?: LatencyTable,
): Pick<SearchOptions, 'architecture' | 'splits' | 'temperature' | 'report'> {
  const { steps, start, every, architectureLearningRate, architectureWeightDecay, architectureClipNorm, order } =
    settings;
  const { entropy, latencyWeight, temperature, singleLevel, reportEvery } = settings;
  return {
    architecture: {
      ...(start !== undefined && { start }),
      every,
      learningRate: constantRate(architectureLearningRate),
      ...(architectureWeightDecay !== undefined && {
        optimizer: adam({ betas: ARCHITECTURE_BETAS, weightDecay: architectureWeightDecay }),
      }),
      ...(architectureClipNorm !== undefined && { clipNorm: architectureClipNorm }),
      ...(order !== undefined && { order }),
      ...(entropy && { entropy: along(entropy, steps) }),
      ...(latencyWeight !== undefined && table && { latency: { table, weight: constantRate(latencyWeight) } }),
    },
    ...(singleLevel && { splits: { weights: 'train', architecture: 'train' } }),
    ...(temperature && { temperature: along(temperature, steps) }),
    ...(reportEvery !== undefined && { report: reportEvery }),
  };
}

/** From the first to the last step along a line. */
function along([first, last]: readonly [number, number], steps: number): (step: number) => number {
  return (step) => first + ((last - first) * step) / Math.max(1, steps - 1);
}
