import type { TensorData } from '@nats/graph';
import type { ImageDataset } from '../data/image-dataset.js';
import type { Normalizer } from '../data/normalize.js';
import type { EvaluationContext } from '../objective.js';
import { type ClassifierNetwork, classifierProgram } from './classifier-program.js';

export interface ClassifierEvaluation {
  readonly network: ClassifierNetwork;
  readonly normalize: Normalizer;
  /** Images at a time. */
  readonly batch: number;
}

/** Accuracy (0 to 1) and mean cross-entropy over all images of a dataset. */
export async function evaluateClassifier(
  dataset: ImageDataset,
  { network, normalize, batch }: ClassifierEvaluation,
  { state, compile, convolution, signal, collective }: EvaluationContext,
): Promise<{ accuracy: number; loss: number }> {
  const executable = await compile(
    'classifier',
    () => classifierProgram(network, { size: dataset, ...(convolution && { convolution }) }).program,
  );
  const { rank = 0, size: ranks = 1 } = collective ?? {};
  // Image by image, so that sums over ranks add nothing but zeros and the means are those of one process in every digit.
  const [hits, losses] = [new Float64Array(dataset.size), new Float64Array(dataset.size)];
  for (let start = rank * batch; start < dataset.size; start += ranks * batch) {
    signal?.throwIfAborted();
    const count = Math.min(batch, dataset.size - start);
    const images = Array.from({ length: count }, (_, i) => dataset.image(start + i));
    const { logits } = await executable.run(state, { image: normalize(images) });
    for (let i = 0; i < count; i++) {
      const { best, crossEntropy } = scoreOf(logits!, i, dataset.label(start + i));
      if (best === dataset.label(start + i)) hits[start + i] = 1;
      losses[start + i] = crossEntropy;
    }
  }
  for (const values of [hits, losses]) await collective?.allReduce(values);
  const [correct, loss] = [hits, losses].map((values) => values.reduce((sum, value) => sum + value, 0)) as [
    number,
    number,
  ];
  return { accuracy: correct / dataset.size, loss: loss / dataset.size };
}

/** The first of the largest logits of a row, and the row's cross-entropy. */
function scoreOf({ data, shape }: TensorData, row: number, label: number): { best: number; crossEntropy: number } {
  const classes = shape[1]!;
  const logits = data.subarray(row * classes, (row + 1) * classes);
  let best = 0;
  for (let k = 1; k < classes; k++) if (logits[k]! > logits[best]!) best = k;
  const top = logits[best]!;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - top);
  return { best, crossEntropy: Math.log(sum) - (logits[label]! - top) };
}
