import { check, type Feeds } from '@nats/graph';

import { decodeMask, type RleMask } from '../masks/rle-mask.js';

/**
 * The input `masks` of Mask R-CNN's loss, bool `[B, maxObjects, H, W]`. Polygons and runs of COCO's files become masks by
 * `segmentationMask`. `detection` does this by itself.
 * @param images masks of each image's objects, in the order of its boxes, in pixels of the network's input
 * @throws NatsError `feed` for an image with more masks than places, or a mask of another size
 */
export function maskFeeds(
  images: readonly (readonly RleMask[])[],
  maxObjects: number,
  [height, width]: readonly [number, number],
): Feeds {
  const area = height * width;
  const data = new Uint8Array(images.length * maxObjects * area);
  for (const [image, masks] of images.entries()) {
    check(masks.length <= maxObjects, 'feed', () => ({
      rule: 'an image has no more objects than a batch has places for',
      received: `${masks.length}`,
      limit: `${maxObjects}: raise maxObjects`,
      where: `image ${image}`,
    }));
    for (const [object, mask] of masks.entries()) {
      check(mask.height === height && mask.width === width, 'feed', () => ({
        rule: "a mask has the size of the network's input",
        received: `${mask.height} x ${mask.width}`,
        limit: `${height} x ${width} (height x width)`,
        where: `image ${image}, object ${object}`,
      }));
      data.set(decodeMask(mask), (image * maxObjects + object) * area);
    }
  }
  return { masks: { dtype: 'bool', shape: [images.length, maxObjects, height, width], data } };
}
