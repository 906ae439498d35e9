import { type Detections, encodeDetector, imageDetector, readDetectorMetadata } from '@nats/detect';
import { type Agreement, compareDetections, FULL_AGREEMENT, joinAgreements, type Precision } from '@nats/export';
import { foldVariables, NatsError } from '@nats/graph';
import { expect, test } from 'vitest';
import { CLASSES, CONFIGS, candidatesProgram, livelyValues, SIZE, STATISTICS, testImage } from './model-files.js';
import { openModel, runtimeNames } from './runtimes.js';

const IMAGES = [testImage(...SIZE, 3), testImage(37, 81, 1), testImage(150, 90, 2)];

function detectorFile(name: string, precision: Precision, values = livelyValues(CONFIGS[name]!)): Uint8Array {
  const program = foldVariables(candidatesProgram(CONFIGS[name]!).program, values);
  const common = { classes: CLASSES, statistics: STATISTICS, tool: 'test', preprocessing: 'NHWC' } as const;
  return encodeDetector(program, { ...common, values, precision });
}

for (const runtime of runtimeNames) {
  test.each(Object.keys(CONFIGS))(`%s in float16 finds what it finds in float32, in ${runtime}`, async (name) => {
    const files = (['float32', 'float16'] as const).map((precision) => detectorFile(name, precision));
    expect(files.map((bytes) => readDetectorMetadata(bytes).precision)).toEqual([undefined, 'float16']);
    expect(files[1]!.length).toBeLessThan(0.75 * files[0]!.length);
    const found: Detections[][] = [];
    for (const bytes of files) {
      const { run, close } = await openModel(runtime, bytes);
      const detect = imageDetector(readDetectorMetadata(bytes), run);
      const ofImages: Detections[] = [];
      for (const image of IMAGES) ofImages.push((await detect([image]))[0]!);
      found.push(ofImages);
      await close();
    }
    const { detections, missing, additional, score, box } = IMAGES.map(({ width, height }, i): Agreement => {
      const [full, half] = found.map((ofImages) => {
        const { boxes, scores, labels } = ofImages[i]!;
        return { boxes, scores, labels };
      });
      return compareDetections(full!, half!, { side: Math.max(width, height) });
    }).reduce(joinAgreements, FULL_AGREEMENT);
    expect(detections).toBeGreaterThan(10);
    // Of nearly equal scores suppression may keep either: these weights are not trained, so that many are.
    expect((missing + additional) / detections).toBeLessThan(0.05);
    expect([score.absolute, box.relative].map((value) => value < 0.02)).toEqual([true, true]);
  });
}

test('a weight that float16 does not reach is told by its name', () => {
  const values = livelyValues(CONFIGS.fcos!);
  const [name, { data }] = [...values].find(([key]) => /cls_logits\.weight$/.test(key))!;
  data[3] = 1e6;
  const error = (() => {
    try {
      return detectorFile('fcos', 'float16', values);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(NatsError);
  expect(String(error)).toContain(`${name}: received 1000000`);
  expect(detectorFile('fcos', 'float32', values).length).toBeGreaterThan(0);
});
