import { tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import type { DecodedImage } from '../data/decoded-image.js';
import { type FileConvention, fixedDetections, imageDetector } from './image-detector.js';
import { modelFeeds } from './model-feeds.js';

const convention = (
  preprocessing: 'model' | 'caller',
  kind: 'detections' | 'candidates',
  layout: 'NCHW' | 'NHWC' = 'NCHW',
): FileConvention => ({
  input: {
    name: 'images',
    preprocessing,
    dtype: preprocessing === 'model' ? 'uint8' : 'float32',
    layout,
    channels: 2,
    size: [4, 8],
    letterbox: { padValue: 51 },
    statistics: { mean: [0.2, 0], deviation: [1, 0.5] },
  },
  output: { kind, count: 2, pixels: preprocessing === 'model' ? 'image' : 'canvas' },
  thresholds: { scoreThreshold: 0.3, iouThreshold: 0.5, maxDetections: 2 },
});

/** Two channels of 2 x 2 pixels. */
const image: DecodedImage = {
  channels: 2,
  height: 2,
  width: 2,
  pixels: Uint8Array.of(0, 51, 102, 255, 1, 2, 3, 4),
};

test('a file that preprocesses gets the pixels as they are, in its layout', () => {
  const nchw = modelFeeds(convention('model', 'detections'), [image, image]).images!;
  expect(nchw).toEqual({ dtype: 'uint8', shape: [2, 2, 2, 2], data: Uint8Array.of(...image.pixels, ...image.pixels) });
  const nhwc = modelFeeds(convention('model', 'detections', 'NHWC'), [image]).images!;
  expect(nhwc.shape).toEqual([1, 2, 2, 2]);
  expect([...nhwc.data]).toEqual([0, 1, 51, 2, 102, 3, 255, 4]);
  expect(() => modelFeeds(convention('model', 'detections'), [])).toThrow(
    /received none, but a batch has at least one image/,
  );
  expect(() => modelFeeds(convention('model', 'detections'), [image, { ...image, height: 1, width: 4 }])).toThrow(
    /received 4 x 1 and 2 x 2.*images of one size/,
  );
});

test('others get it letterboxed and normalized', () => {
  const { shape, data } = modelFeeds(convention('caller', 'candidates'), [image]).images!;
  expect(shape).toEqual([1, 2, 4, 8]);
  expect(data[0]).toBeCloseTo(-0.2, 6); // the corner pixel, 0
  expect(data[7]).toBeCloseTo(0, 6); // padding, 51 / 255 = 0.2
  expect(data[32 + 7]).toBeCloseTo(0.4, 6);
  expect(() => modelFeeds(convention('caller', 'candidates'), [{ ...image, channels: 1 }])).toThrow(
    /received 1.*as many channels as the detector takes.*2/,
  );
});

test('rows without the mask are no detections', async () => {
  const rows = tensorData('float32', [1, 3, 6], [0, 0, 1, 2, 0.9, 1, 0, 1, 2, 2, 0.4, 0, 0, 0, 0, 0, 0, -1]);
  const valid = tensorData('bool', [1, 3], [1, 1, 0]);
  const found = {
    boxes: [
      [0, 0, 1, 2],
      [0, 1, 2, 2],
    ],
    scores: [Math.fround(0.9), Math.fround(0.4)],
    labels: [1, 0],
  };
  expect(fixedDetections(rows, valid)).toEqual([found]);
  const detect = imageDetector(convention('model', 'detections'), async () => ({ detections: rows, valid }));
  expect(await detect([image])).toEqual([found]);
  expect((await detect([image], { scoreThreshold: 0.5 }))[0]!.labels).toEqual([1]);
  expect((await detect([image], { maxDetections: 1 }))[0]!.labels).toEqual([1]);
  expect(await detect([])).toEqual([]);
  const lacking = imageDetector(convention('model', 'detections'), async () => ({ valid }));
  await expect(lacking([image])).rejects.toThrow(/received valid.*detections/);
});

test('candidates are suppressed by the thresholds of the file and end in pixels of the image', async () => {
  const detect = imageDetector(convention('caller', 'candidates'), async () => ({
    // The canvas is 4 x 8, on which the image is 4 x 4: twice as large.
    boxes: tensorData('float32', [1, 4, 4], [0, 0, 4, 2, 0, 0, 4, 2, 0, 2, 6, 4, 0, 0, 1, 1]),
    scores: tensorData('float32', [1, 4], [0.75, 0.5, 0.875, 0.25]),
    labels: tensorData('int32', [1, 4], [0, 0, 1, 0]),
  }));
  expect(await detect([image])).toEqual([
    {
      boxes: [
        [0, 1, 2, 2],
        [0, 0, 2, 1],
      ],
      scores: [0.875, 0.75],
      labels: [1, 0],
    },
  ]);
});
