import { check, type Feeds } from '@nats/graph';
import type { Normalizer } from '@nats/train';
import type { DetectionExample } from '../data/dataset.js';

/** Label of a place that no object takes. */
export const NO_OBJECT = -1;

/**
 * Feeds of a detection loss: `images` float32 `[B, C, H, W]` normalised, `boxes` float32 `[B, M, 4]`, `labels` int32
 * `[B, M]`, -1 behind the last object.
 * @throws NatsError `feed` for an image with more than M objects
 */
export function detectionFeeds(
  examples: readonly DetectionExample[],
  normalize: Normalizer,
  maxObjects: number,
): Feeds {
  const boxes = new Float32Array(examples.length * maxObjects * 4);
  const labels = new Int32Array(examples.length * maxObjects).fill(NO_OBJECT);
  for (const [i, example] of examples.entries()) {
    check(example.labels.length <= maxObjects, 'feed', () => ({
      rule: 'an image has no more objects than a batch has places for',
      received: `${example.labels.length}`,
      limit: `${maxObjects}: raise maxObjects`,
      where: example.id,
    }));
    boxes.set(example.boxes, i * maxObjects * 4);
    labels.set(example.labels, i * maxObjects);
  }
  return {
    images: normalize(examples.map(({ pixels }) => pixels)),
    boxes: { dtype: 'float32', shape: [examples.length, maxObjects, 4], data: boxes },
    labels: { dtype: 'int32', shape: [examples.length, maxObjects], data: labels },
  };
}
