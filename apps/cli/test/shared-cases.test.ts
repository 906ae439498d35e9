import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runNatsIn } from './run-nats.js';
import { tinyConfig, tinyTwoStage } from './tiny-data.js';

/** Inputs that reproduce reports of users of several tools, outside of the repository. */
const cases = process.env.NATS_SHARED && join(process.env.NATS_SHARED, 'cases');
const at = (...parts: string[]) => join(cases ?? '.', ...parts);

const folder = mkdtempSync(join(tmpdir(), 'nats-cases-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const nats = (...args: string[]) => runNatsIn(folder, ...args);

/** A config for COCO's annotations, for training and for evaluation. */
function configFor(annotations: string, images: string, changes: Record<string, unknown> = {}): string {
  const files = { annotations, images };
  const { data, ...others } = changes;
  const section = { format: 'coco', train: files, val: files, ...(data as object | undefined) };
  const name = `${Math.random().toString(36).slice(2)}.json`;
  writeFileSync(join(folder, name), JSON.stringify(tinyConfig(section, others)));
  return name;
}

let runs = 0;
function train(config: string, ...args: string[]) {
  const out = `run-${runs++}`;
  return { out, ...nats('train', '--config', config, '--out', out, '--steps', '1', '--batch-size', '1', ...args) };
}

describe.skipIf(!cases)('cases of users, by the command (skipped without NATS_SHARED)', () => {
  const pictures = at('10-images', 't');

  test('02: YOLO as Roboflow writes it is inspected; another number of classes than names is told', () => {
    expect(nats('inspect', 'data', '--format', 'yolo', '--data', at('02-yolo-data-yaml', 'a'))).toMatchObject({
      code: 0,
    });
    const { code, stderr } = nats('inspect', 'data', '--format', 'yolo', '--data', at('02-yolo-data-yaml', 'i'));
    expect(stderr).toMatch(/nc: received 3/);
    expect(code).toBe(1);
  });

  test('05: flat polygons of VIA train a detector of boxes', () => {
    const config = configFor(at('05-via-string-ids', 'flat-seg.json'), at('05-via-string-ids', 'img'));
    const { code, stderr } = train(config, '--no-evaluate');
    expect(code, stderr).toBe(0);
  });

  describe('06: segmentations of many kinds', () => {
    const folder = at('06-segmentation-variants');
    const names = cases ? readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'c.json') : [];
    const maskRcnn = { detector: { kind: 'mask-rcnn', ...tinyTwoStage }, data: { onProblem: 'error' } };
    /** Those that have a mask for each object, as pycocotools reads them. */
    const WHOLE = [
      'closed.json',
      'neg-coords.json',
      'one-bad-part.json',
      'rle-compressed.json',
      'rle-uncompressed.json',
    ];

    test.each(names)('%s trains a detector of boxes', (name) => {
      const { code, stderr } = train(configFor(join(folder, name), join(folder, 'img')), '--no-evaluate');
      expect(code, stderr).toBe(0);
    });

    test.each(names)('%s for Mask R-CNN: trains, or names file and annotation; drop leaves those out', (name) => {
      const config = configFor(join(folder, name), join(folder, 'img'), maskRcnn);
      const { code, stderr } = train(config, '--no-evaluate');
      if (WHOLE.includes(name)) {
        expect(code, stderr).toBe(0);
        return;
      }
      expect(stderr).toMatch(new RegExp(`${name}, annotations\\[\\d+\\]\\.segmentation.*in annotation \\d+`));
      expect(stderr).not.toMatch(/step 1|^\s+at /m);
      expect(code).toBe(1);
      const dropped = train(config, '--no-evaluate', '--set', 'data.onProblem=drop');
      // Where no object is left, that is said before the first step.
      if (dropped.code === 0) expect(dropped.stderr).toMatch(/left out/);
      else expect(dropped.stderr).toMatch(/none of the \d+ images .*object/);
    });
  });

  test('09: VOC whose file names lack an extension is inspected', () => {
    const { code, stdout } = nats(
      'inspect',
      'data',
      '--format',
      'voc',
      '--data',
      at('09-voc', 'noext'),
      '--train',
      'train',
    );
    expect(stdout).toMatch(/no problems|warning/);
    expect(code).toBe(0);
  });

  describe('10: images', () => {
    const broken = () => configFor(at('13-training', 'coco.json'), pictures);

    test('a truncated one is found before the first step, named, and left out on demand', () => {
      const refused = train(broken(), '--no-evaluate');
      expect(refused.stderr).toMatch(/p2\.jpg: received .*onProblem 'drop'/);
      expect(refused.stderr).not.toMatch(/step 1/);
      expect(refused.code).toBe(1);
      const dropped = train(broken(), '--no-evaluate', '--set', 'data.onProblem=drop');
      expect(dropped.stderr).toMatch(/1 of 4 images .* left out: .*p2\.jpg/);
      expect(dropped.code, dropped.stderr).toBe(0);
      const { code, stdout } = nats('inspect', 'data', '--config', broken(), '--check', 'decode');
      expect(stdout).toMatch(/p2\.jpg/);
      expect(code).toBe(1);
    });

    describe('nats detect', () => {
      let model = '';
      beforeAll(() => {
        const { out } = train(broken(), '--no-evaluate', '--set', 'data.onProblem=drop');
        expect(nats('export', out).code).toBe(0);
        model = out;
      });

      test('goes on after a bad file, and tells it in JSON', () => {
        const { code, stdout } = nats('detect', model, pictures, '--json');
        const images = JSON.parse(stdout) as { image: string; error?: string }[];
        expect(images).toHaveLength(4);
        expect(images.filter(({ error }) => error !== undefined).map(({ image }) => image)).toEqual([
          expect.stringContaining('p2.jpg'),
        ]);
        expect(code).toBe(1);
      });

      test('reads every kind of image, and says what is wrong with the others', () => {
        const { stdout } = nats('detect', model, at('10-images', 'img'), '--json');
        const images = JSON.parse(stdout) as { image: string; error?: string }[];
        const bad = images.filter(({ error }) => error !== undefined).map(({ image }) => image.split('/').at(-1));
        expect(bad).toEqual(expect.arrayContaining(['empty.jpg', 'html.jpg', 'lfs.jpg', 'trunc.jpg', 'trunc.png']));
        expect(bad).not.toContain('rgb.bmp');
        expect(bad).not.toContain('trunc-2bytes.jpg');
        expect(bad).not.toContain('cmyk.jpg');
      });
    });
  });

  describe('13: training', () => {
    const annotations = (name: string) => at('13-training', `${name}.json`);
    const drop = ['--no-evaluate', '--set', 'data.onProblem=drop'];

    test.each(['one-image', 'crowd-null', 'one-with-objects', 'single-class', 'crowded'])('%s trains', (name) => {
      const { code, stderr } = train(configFor(annotations(name), pictures), ...drop);
      expect(code, stderr).toBe(0);
    });

    test.each(['all-crowd', 'no-annotations'])('%s is an error before the training', (name) => {
      const { code, stderr } = train(configFor(annotations(name), pictures), ...drop);
      expect(stderr).toMatch(/none of the 4 images .*object|crowd/);
      expect(stderr).not.toMatch(/step 1/);
      expect(code).not.toBe(0);
    });

    test('annotations that were edited between stop and start are noticed', () => {
      const copy = join(folder, 'copy.json');
      const text = JSON.stringify({
        images: [{ id: 1, file_name: 'p0.jpg', width: 120, height: 80 }],
        categories: [{ id: 1, name: 'block' }],
        annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [10, 10, 30, 30], area: 900 }],
      });
      writeFileSync(copy, text);
      const config = configFor(copy, pictures);
      expect(train(config, '--no-evaluate').code).toBe(0);
      writeFileSync(copy, text.replace('[10,10,30,30]', '[10,10,31,30]'));
      const again = nats('train', '--config', config, '--out', `run-${runs - 1}`, '--steps', '1', '--batch-size', '1');
      expect(again.stderr).toMatch(/other settings[\s\S]*images/);
      expect(again.code).toBe(2);
    });
  });
});
