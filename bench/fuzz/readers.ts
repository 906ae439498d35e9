import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { decodeImage, encodePng, evaluateFiles, readCoco, readVoc, readYolo } from '@nats/detect';
import { tensorData } from '@nats/graph';
import {
  lastMetrics,
  parseConfig,
  RUN_FILES,
  readCommands,
  readEnvironment,
  readEvaluation,
  readJson,
  readRun,
} from '@nats/pipeline';
import { searchCurves, trainingCurves } from '@nats/report';
import { schemeFromJson } from '@nats/space';
import { checkpointDirectory, readMnist } from '@nats/train';
import { encodeSafetensors, parseWeights, readLines } from '@nats/transfer';
import { architectureFile } from './architecture-file.js';
import { type FuzzedReader, text } from './fuzzed-reader.js';
import { models, tfjs } from './model-readers.js';
import { sweeps } from './sweep-reader.js';

const root = join(import.meta.dirname, '..', '..');
const weightFiles = join(root, 'packages', 'transfer', 'src', 'fixtures');

function weights(name: string, chosen: RegExp): FuzzedReader {
  return {
    name,
    corpus: async () => {
      const names = readdirSync(weightFiles).filter((file) => chosen.test(file));
      // Small files have most of their bytes where something is said.
      const files = names.map((file) => readFileSync(join(weightFiles, file))).filter(({ length }) => length < 2 ** 14);
      return files.length > 0 ? files : [safetensors()];
    },
    read: async (input) => parseWeights(input, { name: 'weights' }),
  };
}

function safetensors(): Uint8Array {
  return encodeSafetensors(
    new Map([
      ['a', tensorData('float32', [2, 2], [1, 2, 3, 4])],
      ['b', tensorData('int32', [], [5])],
    ]),
  );
}

const png = () => encodePng({ channels: 3, height: 4, width: 6, pixels: new Uint8Array(72).fill(90) });

const coco = {
  info: { year: 2017 },
  images: [
    { id: 1, file_name: 'a.png', width: 6, height: 4 },
    { id: 2, file_name: 'sub/b.png', width: 60, height: 40 },
  ],
  categories: [
    { id: 1, name: 'cat', supercategory: 'animal' },
    { id: 3, name: 'dog', supercategory: 'animal' },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 3, 2], area: 6, iscrowd: 0, segmentation: [[0, 0, 3, 0, 3, 2]] },
    {
      id: 2,
      image_id: 2,
      category_id: 3,
      bbox: [1, 1, 20, 30],
      area: 60,
      iscrowd: 1,
      segmentation: { size: [40, 60], counts: [0, 100, 2300] },
    },
    { id: 3, image_id: 2, category_id: 3, bbox: [5, 5, 9, 9], area: 9, segmentation: { size: [4, 6], counts: '04' } },
  ],
};
const results = [
  { image_id: 1, category_id: 1, bbox: [0, 0, 3, 2], score: 0.5 },
  { image_id: 2, category_id: 3, bbox: [1, 1, 20, 30], score: 0.25 },
];

const xml = `<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE annotation [<!ENTITY a "b">]>
<annotation><folder>x</folder><filename>a.png</filename><size><width>6</width><height>4</height><depth>3</depth></size>
<object><name>cat &amp; dog</name><difficult>0</difficult><bndbox><xmin>0</xmin><ymin>1</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object>
<object><name>dog</name><part><name>head</name></part><bndbox><xmin>1.5</xmin><ymin>1</ymin><xmax>6</xmax><ymax>2</ymax></bndbox></object></annotation>`;

const yaml = 'path: .\ntrain: images\nval: [images]\nnc: 2\nnames:\n  0: cat\n  1: "dog"\n';
const labels = '0 0.5 0.5 0.25 0.5\n1 0.1 0.2 0.3 0.2 0.3 0.4\n';

const metrics = [
  { type: 'start', step: 0, steps: 2, objective: 'o', trained: 1, parameters: 1 },
  { type: 'step', step: 1, loss: 0.5, metrics: { a: 1, 'architecture/loss': 2 }, learningRate: 0.1, seconds: 1 },
  { type: 'architecture', step: 1, probabilities: { conv: [[0.5, 0.5]] } },
  { type: 'evaluation', step: 2, split: 'val', metrics: { AP: 0.5 }, seconds: 1, best: true },
];

const scheme = {
  format: 'nats-scheme',
  version: 1,
  backbone: 'small',
  provenance: { tool: { name: 'test', version: '0' } },
  genotypes: [
    [1, 1],
    [1, 2],
  ],
  convolutions: [
    {
      name: 'layer1.0.conv1',
      runs: [
        [0, 2],
        [1, 1],
      ],
    },
  ],
};

/** A file of a run directory, and what reads it. */
const runFiles: readonly { name: string; content: unknown; read: (folder: string) => Promise<unknown> }[] = [
  architectureFile,
  {
    name: RUN_FILES.run,
    content: { format: 'nats-run', version: 2, kind: 'train', tool: '1.0.0', settings: { seed: 1 } },
    read: readRun,
  },
  {
    name: RUN_FILES.config,
    content: { seed: 1, train: { steps: 3, learningRate: 0.1 }, detector: { kind: 'fcos', inputSize: [32, 32] } },
    read: async (folder) => parseConfig(await readJson(join(folder, RUN_FILES.config)), 'config.json'),
  },
  { name: RUN_FILES.environment, content: { node: '20', processors: 2 }, read: readEnvironment },
  { name: RUN_FILES.commands, content: { time: '2026-01-01T00:00:00Z', command: 'nats train' }, read: readCommands },
  {
    name: RUN_FILES.evaluation,
    content: {
      stats: [0.5, -1, ...Array(10).fill(0.25)],
      perCategory: { a: 0.5 },
      text: 'x',
      images: 1,
      voc: { mean: 1, perCategory: {} },
    },
    read: (folder) => readEvaluation(join(folder, RUN_FILES.evaluation)),
  },
  {
    name: RUN_FILES.scheme,
    content: scheme,
    read: async (folder) => schemeFromJson(readFileSync(join(folder, RUN_FILES.scheme), 'utf8'), 'scheme.json'),
  },
  {
    name: RUN_FILES.metrics,
    content: metrics.map((line) => JSON.stringify(line)).join('\n'),
    read: async (folder) => {
      const path = join(folder, RUN_FILES.metrics);
      await lastMetrics(path);
      await searchCurves(readLines(path));
      return trainingCurves(readLines(path));
    },
  },
];

export const READERS: readonly FuzzedReader[] = [
  {
    name: 'coco',
    corpus: async (folder) => {
      mkdirSync(join(folder, 'images', 'sub'), { recursive: true });
      writeFileSync(join(folder, 'images', 'a.png'), await png());
      writeFileSync(join(folder, 'truth.json'), text(coco));
      return [text(coco), text(JSON.stringify(coco, null, 1))];
    },
    read: (input, folder, number) => {
      writeFileSync(join(folder, 'x.json'), input);
      return readCoco(join(folder, 'x.json'), {
        images: join(folder, 'images'),
        onProblem: number % 3 === 0 ? 'error' : 'drop',
        masks: (['keep', 'require', 'ignore'] as const)[(number % 5) % 3]!,
        streamFrom: number % 2 === 0 ? 0 : Number.POSITIVE_INFINITY,
      });
    },
  },
  {
    name: 'coco results',
    corpus: async (folder) => {
      writeFileSync(join(folder, 'truth.json'), text(coco));
      writeFileSync(join(folder, 'found.json'), text(results));
      return [text(coco), text(results)];
    },
    read: (input, folder, number) => {
      writeFileSync(join(folder, 'x.json'), input);
      const path = (name: string, odd: boolean) => join(folder, odd ? 'x.json' : name);
      const iouType = number % 3 === 0 ? 'segm' : 'bbox';
      return evaluateFiles(path('truth.json', number % 2 === 0), path('found.json', number % 2 === 1), { iouType });
    },
  },
  {
    name: 'yolo',
    corpus: async (folder) => {
      for (const name of ['images', 'labels']) mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, 'images', 'a.png'), await png());
      writeFileSync(join(folder, 'data.yaml'), yaml);
      return [text(yaml), text(labels)];
    },
    read: (input, folder, number) => {
      writeFileSync(join(folder, 'data.yaml'), number % 2 === 0 ? input : yaml);
      writeFileSync(join(folder, 'labels', 'a.txt'), number % 2 === 1 ? input : labels);
      return readYolo(folder, {
        split: number % 4 < 2 ? 'train' : 'val',
        onProblem: number % 3 === 0 ? 'error' : 'drop',
      });
    },
  },
  {
    name: 'voc',
    corpus: async (folder) => {
      for (const name of ['Annotations', 'JPEGImages', 'ImageSets/Main'])
        mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, 'JPEGImages', 'a.png'), await png());
      return [text(xml), text('a\nb 1\n')];
    },
    read: (input, folder, number) => {
      writeFileSync(join(folder, 'Annotations', 'a.xml'), number % 2 === 0 ? input : xml);
      writeFileSync(join(folder, 'ImageSets', 'Main', 'train.txt'), number % 2 === 1 ? input : 'a\n');
      return readVoc(folder, { split: 'train', onProblem: number % 3 === 0 ? 'error' : 'drop' });
    },
  },
  {
    name: 'images',
    corpus: async () => {
      const { default: sharp } = await import('sharp');
      const source = await png();
      const encoded = (['png', 'jpeg', 'webp', 'gif', 'tiff'] as const).map((format) =>
        sharp(source).toFormat(format).toBuffer(),
      );
      const bmp = Buffer.alloc(54 + 4 * 20, 7);
      bmp.write('BM');
      for (const [at, value] of [
        [2, bmp.length],
        [10, 54],
        [14, 40],
        [18, 6],
        [22, 4],
        [30, 0],
        [34, 80],
      ] as const)
        bmp.writeInt32LE(value, at);
      bmp.writeInt16LE(1, 26);
      bmp.writeInt16LE(24, 28);
      return [...(await Promise.all(encoded)), bmp];
    },
    read: (input) => decodeImage(input, 'image'),
  },
  weights('npy', /\.npy$/),
  weights('npz', /\.npz$/),
  weights('pickle', /\.pkl$/),
  weights('pytorch', /\.pth$/),
  weights('onnx', /\.onnx$/),
  weights('safetensors', /\.safetensors$/),
  models,
  tfjs,
  {
    name: 'idx',
    corpus: async (folder) => {
      const images = Buffer.concat([
        Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]),
        Buffer.alloc(1568, 9),
      ]);
      const digits = Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 3, 7]);
      for (const [name, bytes] of [
        ['images-idx3', images],
        ['labels-idx1', digits],
      ] as const)
        for (const split of ['train', 't10k']) writeFileSync(join(folder, `${split}-${name}-ubyte`), bytes);
      return [images, digits, gzipSync(digits)];
    },
    read: (input, folder, number) => {
      const name = number % 2 === 0 ? 'train-labels-idx1-ubyte' : 'train-images-idx3-ubyte';
      const path = join(folder, name);
      if (!existsSync(`${path}.kept`)) copyFileSync(path, `${path}.kept`);
      writeFileSync(path, input);
      return readMnist(folder).finally(() => copyFileSync(`${path}.kept`, path));
    },
  },
  {
    name: 'checkpoints',
    corpus: async (folder) => {
      const values = new Map([['a.weight', tensorData('float32', [2, 2], [1, 2, 3, 4])]]);
      await checkpointDirectory(folder).save(['last'], { step: 1, seed: 2, config: { a: 1 }, engine: {}, values });
      return [readFileSync(join(folder, 'last.json'))];
    },
    read: (input, folder) => {
      writeFileSync(join(folder, 'last.json'), input);
      return checkpointDirectory(folder).load('last');
    },
  },
  {
    name: 'runs',
    corpus: async (folder) => {
      for (const { name, content } of runFiles) writeFileSync(join(folder, name), text(content));
      return runFiles.map(({ content }) => text(content));
    },
    read: (input, folder, number) => {
      const file = runFiles[number % runFiles.length]!;
      writeFileSync(join(folder, file.name), input);
      return file.read(folder);
    },
  },
  sweeps,
];
