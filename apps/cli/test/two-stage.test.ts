import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMask, segmentationMask } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { initialize } from '@nats/graph';
import { detectorSpec, openTask, parseConfig, search } from '@nats/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runNatsIn } from './run-nats.js';
import { tinyConfig, tinyTwoStage, writeTinyData } from './tiny-data.js';

const root = mkdtempSync(join(tmpdir(), 'nats-two-stage-'));
const engine = onnxruntimeEngine({ threads: 1 });
afterAll(async () => {
  await engine.dispose();
  rmSync(root, { recursive: true, force: true });
});
let data: unknown;
beforeAll(async () => {
  data = await writeTinyData(join(root, 'data'), 'coco');
});

describe.each([
  ['cascade-rcnn', {}],
  ['mask-rcnn', { maskSize: 7, maskChannels: 8, maskDepth: 1 }],
] as const)('%s from search to pictures', (kind, own) => {
  const folder = join(root, kind);
  const withMasks = kind === 'mask-rcnn';
  const nats = (...args: string[]) => {
    const { code, stdout, stderr } = runNatsIn(folder, ...args);
    expect(stderr).not.toContain('nats: ');
    expect(code).toBe(0);
    return stdout;
  };

  beforeAll(() => {
    mkdirSync(folder);
    const changes = { detector: { kind, ...tinyTwoStage, ...own } };
    writeFileSync(join(folder, 'nats.config.json'), JSON.stringify(tinyConfig(data, changes)));
  });

  test('a scheme is searched, and the detector is trained with it and evaluated', () => {
    nats('search', '--out', 'search');
    expect(nats('train', '--scheme', 'search', '--out', 'run')).toContain('Average Precision');
    expect(JSON.parse(readFileSync(join(folder, 'run', 'evaluation.json'), 'utf8')).stats).toHaveLength(12);
  });

  test('its file does what was trained, and says what it gives', () => {
    nats('export', 'run');
    const { passed, agreement } = JSON.parse(nats('verify', 'run', '--json'));
    expect([passed, agreement.detections > 0]).toEqual([true, true]);
    expect('mask' in agreement).toBe(withMasks);
    nats('export', 'run', '--precision', 'float16', '--out', 'half.onnx');
    expect(JSON.parse(nats('verify', 'run', '--model', 'half.onnx', '--json')).passed).toBe(true);
    expect(nats('inspect', 'model', 'half.onnx')).toMatch(/transformed by a scheme, in float16/);
    const said = nats('inspect', 'model', 'run');
    expect(said.includes('out  masks float32[N, 100, 14, 14]')).toBe(withMasks);
    expect(said.includes('gives detections with masks of 14 x 14 in pixels of the image')).toBe(withMasks);
  });

  test('boxes are evaluated, and masks if it gives them: of the run, of the file, of two files', () => {
    const evaluated = (...args: string[]) => JSON.parse(nats('evaluate', ...args, '--json'));
    const ofRun = evaluated('run');
    const ofModel = evaluated('run/model.onnx');
    expect([ofRun.segm !== undefined, ofModel.segm !== undefined]).toEqual([withMasks, withMasks]);
    const page = readFileSync(join(folder, nats('report', 'run').trim()), 'utf8');
    expect(page.includes('twelve numbers of masks, in percent')).toBe(withMasks);
    const truth = ['--annotations', join(root, 'data', 'val.json')];
    if (!withMasks) {
      const { code, stderr } = runNatsIn(folder, 'evaluate', 'run', '--iou-type', 'segm');
      expect([code, stderr]).toEqual([2, expect.stringContaining('gives no masks')]);
      return;
    }
    expect(nats('evaluate', 'run')).toMatch(/Average Precision[\s\S]*masks:\n Average Precision/);
    expect(evaluated('run', '--iou-type', 'segm')).toEqual(ofRun.segm);
    for (const [i, value] of ofRun.segm.stats.entries()) expect(ofModel.segm.stats[i]).toBeCloseTo(value, 1);
    const ofFiles = evaluated(...truth, '--detections', 'run/masks.json', '--iou-type', 'segm');
    expect(ofFiles.stats.slice(0, 3)).toEqual(ofRun.segm.stats.slice(0, 3));
    nats('evaluate', 'run/model.onnx', '--iou-type', 'segm', '--out', 'found.json');
    expect(JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8'))[0].segmentation.size).toEqual([32, 48]);
  });

  test('it detects, and draws', () => {
    const images = join(root, 'data', 'images');
    const found = JSON.parse(nats('detect', 'run', images, '--json', '--out', 'pictures')) as Detected[];
    expect(readdirSync(join(folder, 'pictures'))).toHaveLength(found.length);
    const detections = found.flatMap((image) => image.detections);
    expect(detections.length).toBeGreaterThan(0);
    expect(detections.every(({ mask }) => (mask !== undefined) === withMasks)).toBe(true);
    for (const { box, mask } of detections) {
      if (!mask) continue;
      expect(mask.size).toEqual([32, 48]);
      // Nothing lies outside of the box, but for the pixel that its sides go through.
      const pixels = decodeMask(segmentationMask(mask, { height: 32, width: 48 }));
      for (const [i, inside] of pixels.entries()) {
        if (!inside) continue;
        const [x, y] = [i % 48, Math.floor(i / 48)];
        expect(x >= box[0] - 2 && y >= box[1] - 2 && x <= box[2] + 2 && y <= box[3] + 2).toBe(true);
      }
    }
  });
});

interface Detected {
  readonly detections: readonly {
    readonly box: readonly [number, number, number, number];
    readonly mask?: { readonly size: readonly [number, number]; readonly counts: string };
  }[];
}

test('masks are trained on annotations that have them', async () => {
  const voc = await writeTinyData(join(root, 'voc'), 'voc');
  const folder = join(root, 'without');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'nats.config.json'),
    JSON.stringify(tinyConfig(voc, { detector: { kind: 'mask-rcnn', ...tinyTwoStage, maskSize: 7, maskChannels: 8 } })),
  );
  const { code, stderr } = runNatsIn(folder, 'train', '--out', 'run');
  expect(code).toBe(1);
  expect(stderr).toMatch(/nats: .*mask/);
});

test("a search with Faster R-CNN's loss moves the architecture; interrupted, it goes on as if it had not been", async () => {
  const config = parseConfig(
    tinyConfig(data, {
      detector: { kind: 'faster-rcnn', ...tinyTwoStage },
      search: { batchSize: 4, learningRate: 0.01, checkpointEvery: 3, steps: 8, start: 2, reportEvery: 1 },
    }),
    'the test',
  );
  const task = await openTask(config);
  const initial = initialize(detectorSpec(task.detector), 1);
  /** Searches, and stops after a number of steps. */
  const searched = (folder: string, stopAfter = Number.POSITIVE_INFINITY) => {
    const stop = new AbortController();
    let told = 0;
    const update = () => {
      if (++told === stopAfter) stop.abort(new Error('enough'));
    };
    const progress = { update, line: () => undefined };
    return search(
      { config, engine, progress, command: 'nats', signal: stop.signal },
      task,
      initial,
      join(root, folder),
    );
  };
  const whole = await searched('whole');
  await expect(searched('parted', 4)).rejects.toThrow('enough');
  const parted = await searched('parted');
  expect([...parted.sites]).toEqual([...whole.sites]);
  for (const { probabilities } of whole.sites.values()) {
    for (const row of probabilities) expect(Math.abs(row[0]! - 1 / row.length)).toBeGreaterThan(1e-3);
  }
  const lines = readFileSync(join(root, 'whole', 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const steps = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'step');
  expect(steps.map(({ metrics }) => 'architecture/loss' in metrics)).toEqual([0, 0, 1, 1, 1, 1, 1, 1].map(Boolean));
  for (const part of ['objectness', 'proposal', 'classification', 'box']) expect(steps[0].metrics).toHaveProperty(part);
});
