import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import type { CocoDetection, CocoGroundTruth } from './coco-format.js';
import { evaluateFiles } from './evaluate-files.js';
import { summarize } from './summarize.js';

interface Golden {
  readonly groundTruth: CocoGroundTruth;
  readonly detections: CocoDetection[];
  readonly expected: { stats: number[] };
}

const fixtures = join(import.meta.dirname, 'fixtures');
const golden = async (name: string) => JSON.parse(await readFile(join(fixtures, name), 'utf8')) as Golden;

const folder = sharedDirectory();

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

test.each([
  ['boxes/crowd-ties-many.json', 'bbox'],
  ['masks/polygons.json', 'segm'],
] as const)('two files give the numbers of pycocotools: %s', async (name, iouType) => {
  const { groundTruth, detections, expected } = await golden(name);
  const annotationsFile = await write('a.json', JSON.stringify(groundTruth));
  const detectionsFile = await write('d.json', JSON.stringify(detections));
  expect(summarize(await evaluateFiles(annotationsFile, detectionsFile, { iouType })).stats).toEqual(expected.stats);
});

// Spaces make a file large enough to be read item by item.
const LARGE = ' '.repeat(2 ** 22);

test.each([
  ['boxes/crowd-ties-many.json', 'bbox', [0, 1]],
  ['masks/polygons.json', 'segm', [0, 1]],
  ['masks/polygons.json', 'bbox', [0, 1]],
  ['boxes/crowd-ties-many.json', 'bbox', [1]],
] as const)('large files give the same numbers: %s, %s, %j', async (name, iouType, large) => {
  const { groundTruth, detections } = await golden(name);
  const pad = (file: 0 | 1) => ((large as readonly number[]).includes(file) ? LARGE : '');
  const texts = [JSON.stringify(groundTruth), JSON.stringify(detections)] as const;
  const small = await evaluateFiles(await write('a.json', texts[0]), await write('d.json', texts[1]), { iouType });
  const a = await write('large-a.json', `${pad(0)}${texts[0]}`);
  const d = await write('large-d.json', `${texts[1]}${pad(1)}`);
  expect(summarize(await evaluateFiles(a, d, { iouType }))).toEqual(summarize(small));
  const broken = await write('large-broken.json', `[${texts[1].slice(1, -1)}, {"image_id": 5}]${LARGE}`);
  await expect(evaluateFiles(a, broken, { iouType })).rejects.toThrow(`${broken}, [${detections.length}].`);
});

test('what is wrong in a file is said with its name and field', async () => {
  const { groundTruth, detections } = await golden('boxes/perfect.json');
  const annotations = await write('a.json', JSON.stringify(groundTruth));
  const lines = detections.map((detection) => JSON.stringify(detection));
  // Python writes NaN as such.
  const nan = lines.with(3, lines[3]!.replace(/"score":[^}]*/, '"score":NaN'));
  const nanFile = await write('nan.json', `[${nan.join(',\n')}]`);
  await expect(evaluateFiles(annotations, nanFile)).rejects.toThrow(
    `${nanFile}, [3].score: received "NaN", but a finite number is expected here`,
  );
  const cut = await write('cut.json', `[${lines.join(',\n')}`);
  await expect(evaluateFiles(annotations, cut)).rejects.toThrow(
    /cut\.json, line \d+, column \d+: received .*complete and correct/,
  );
  const cutNan = await write('cut-nan.json', `[${nan.join(',\n')}`);
  await expect(evaluateFiles(annotations, cutNan)).rejects.toThrow(/cut-nan\.json: received .*complete and correct/);
  await expect(evaluateFiles(nanFile, annotations)).rejects.toThrow(`${nanFile}: received`);
});

test('a text with the word NaN stays as it is', async () => {
  const { groundTruth, detections, expected } = await golden('boxes/perfect.json');
  const images = groundTruth.images.with(0, { ...groundTruth.images[0]!, file_name: 'NaN "Infinity\\' });
  const annotations = await write('a.json', JSON.stringify({ ...groundTruth, images }));
  const found = await write('d.json', JSON.stringify(detections));
  expect(summarize(await evaluateFiles(annotations, found)).stats).toEqual(expected.stats);
  const bad = detections.map((detection) => ({ ...detection, note: 'NaN "\\' }));
  const text = JSON.stringify(bad).replace(/"score":[^,]*/, '"score":-Infinity');
  const infinite = await write('infinite.json', text);
  await expect(evaluateFiles(annotations, infinite)).rejects.toThrow(`${infinite}, [0].score: received "-Infinity"`);
});

test('a file that cannot be read gives the error of the system', async () => {
  const annotations = await write('a.json', JSON.stringify((await golden('boxes/perfect.json')).groundTruth));
  await expect(evaluateFiles(annotations, join(folder, 'missing.json'))).rejects.toMatchObject({ code: 'ENOENT' });
});
