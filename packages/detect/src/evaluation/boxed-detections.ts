import type { CocoDetection, DetectionList } from './coco-format.js';

/** Numbers of a detection: image, category, score and the four of its box. */
const WIDTH = 7;
/** Detections of a block. */
const BLOCK = 2 ** 16;

/** Millions of detections with boxes, 56 bytes each. */
export interface BoxedDetections extends DetectionList {
  push(detection: CocoDetection): void;
}

/** An empty list to which detections are added; what `at` gives is made for the one who asks. */
export function createBoxedDetections(): BoxedDetections {
  const blocks: Float64Array[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    push({ image_id, category_id, score, bbox }) {
      const place = length % BLOCK;
      if (place === 0) blocks.push(new Float64Array(BLOCK * WIDTH));
      const block = blocks.at(-1)!;
      const k = place * WIDTH;
      block[k] = image_id;
      block[k + 1] = category_id;
      block[k + 2] = score;
      for (let side = 0; side < 4; side++) block[k + 3 + side] = bbox![side]!;
      length++;
    },
    at(index) {
      const block = blocks[Math.floor(index / BLOCK)];
      if (index >= length || !block) return undefined;
      const k = (index % BLOCK) * WIDTH;
      return {
        image_id: block[k]!,
        category_id: block[k + 1]!,
        score: block[k + 2]!,
        bbox: [block[k + 3]!, block[k + 4]!, block[k + 5]!, block[k + 6]!],
      };
    },
  };
}
