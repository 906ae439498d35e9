import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { UsageError } from '../usage-error.js';
import { loadConfig, parseConfig } from './load-config.js';
import { parseAssignment } from './overrides.js';
import { configJsonSchema } from './schema.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

test('a latency budget needs a table, and limits argmax alone', () => {
  const refused = (decode: object) => () => parseConfig({ decode }, 'x.json');
  expect(refused({ maxLatency: 1.05 })).toThrow(/x\.json.*decode\.maxLatency.*nats latency/s);
  expect(refused({ maxLatency: 0.9, latency: 't.json' })).toThrow(/decode\.maxLatency/);
  expect(refused({ maxLatency: 1.05, latency: 't.json', method: 'proportional' })).toThrow(/decode\.method.*argmax/);
  expect(() => parseConfig({ search: { latencyWeight: 0.1 } }, 'x.json')).toThrow(
    /search\.latencyWeight.*decode\.latency/,
  );
  expect(parseConfig({ decode: { maxLatency: 1, latency: 't.json' } }, 'x.json').decode.maxLatency).toBe(1);
});

describe('flags over the file over the defaults', () => {
  test('each setting comes from the nearest that names it', async () => {
    const file = write('nats.config.json', {
      seed: 3,
      train: { steps: 7, batchSize: 2 },
      detector: { kind: 'retinanet' },
    });
    const config = await loadConfig({ file, flags: { 'train.steps': 9, 'search.batchSize': undefined } });
    expect(config.seed).toBe(3);
    expect(config.train).toMatchObject({ steps: 9, batchSize: 2, recipe: 'from-classifier' });
    expect(config.search.batchSize).toBe(16);
    expect(config.detector).toMatchObject({ kind: 'retinanet', channels: 256, boxLoss: 'l1' });
  });

  test("paths start from the config's folder, in flags from the working directory", async () => {
    const file = write('voc.json', { data: { format: 'voc', path: 'images' }, weights: { file: '../w.pth' } });
    const config = await loadConfig({ file });
    expect(config.data).toMatchObject({ path: join(folder, 'images'), train: 'train' });
    expect(config.weights.file).toBe(resolve(folder, '../w.pth'));
    const flags = { 'data.path': 'elsewhere', 'weights.file': '/w.pth' };
    const changed = await loadConfig({ file, flags });
    expect(changed.data).toMatchObject({ path: resolve('elsewhere') });
    expect(changed.weights.file).toBe('/w.pth');
  });

  test('a flag reaches into a list', async () => {
    const flags = { 'detector.inputSize.1': 64, 'space.genotypes': ['1', '2'] };
    const config = await loadConfig({
      file: write('sized.json', { detector: { kind: 'fcos', inputSize: [32, 32] } }),
      flags,
    });
    expect(config.detector.inputSize).toEqual([32, 64]);
    expect(config.space.genotypes).toEqual(['1', '2']);
  });
});

describe('what is wrong is said with its place', () => {
  test.each([
    [{ trian: {} }, "unknown key 'trian'; did you mean 'train'?"],
    [{ train: { stps: 3 } }, "unknown key 'train.stps'; did you mean 'steps'?"],
    [{ detector: { kind: 'retinanet', anchor: [] } }, "unknown key 'detector.anchor'; did you mean 'anchors'?"],
    [{ detector: { kind: 'fcos', zzzzzz: 1 } }, "unknown key 'detector.zzzzzz'; there is kind, inputSize"],
    [{ data: { format: 'yolo', path: 'a', trian: 'b' } }, "unknown key 'data.trian'; did you mean 'train'?"],
    [{ data: { format: 'yolo' } }, 'data.path: '],
    [{ data: { format: 'pascal' } }, 'data.format: '],
    [{ seed: 0.5 }, 'seed: '],
    [{ backbone: { name: 'resnet19' } }, 'backbone.name: '],
    [
      { backbone: { name: 'resnet20', widths: [8] } },
      "backbone.widths: only small-resnet takes it; 'resnet20' is fixed",
    ],
    [{ backbone: { name: 'small-resnet' } }, 'backbone.widths: small-resnet needs the widths of its stages'],
    [{ space: { groups: 2, channelsPerGroup: 4 } }, "either 'groups' or 'channelsPerGroup'"],
    [{ space: { genotypes: ['1x'] } }, 'space.genotypes.0: '],
    [{ space: { genotypes: ['1', '2x65'] } }, 'space.genotypes.1: received [2,65], but a genotype is'],
    [
      { space: { genotypes: ['2', '2x2'] } },
      'space.genotypes: received 2x2 twice, but genotypes differ from each other',
    ],
    [{ space: { genotypes: [] } }, 'space.genotypes: '],
    [{ decode: { multiple: 8 } }, 'decode.multiple: argmax decides'],
  ])('%j', (value, message) => {
    const parse = () => parseConfig(value, 'my.json');
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(`my.json: `);
    expect(parse).toThrow(message);
  });

  test('a file that is no JSON', async () => {
    await expect(loadConfig({ file: write('broken.json', '{') })).rejects.toThrow(
      /broken\.json: a config file is JSON/,
    );
    await expect(loadConfig({ file: write('broken.json', '{') })).rejects.toThrow(UsageError);
  });

  test('a file that is missing', async () => {
    await expect(loadConfig({ file: join(folder, 'none.json') })).rejects.toThrow(/ENOENT/);
  });

  test('a genotype that is refused twice over is told of once', () => {
    for (const genotypes of [['1', '0', '0'], ['x', 'x'], []]) {
      const lines = (text: string) => text.split('\n').length;
      const parse = () => parseConfig({ space: { genotypes } }, 'my.json');
      const places = genotypes.filter((text) => text !== '1').length;
      expect(parse).toThrow(expect.toSatisfy(({ message }: Error) => lines(message) === Math.max(1, places)));
    }
  });

  test('a flag is blamed for what it set, the file for the rest', async () => {
    const file = write('mixed.json', { seed: -1 });
    const flags = { 'train.stepz': 3, 'engine.threads': 0, 'train.batchSize': undefined };
    const loading = loadConfig({ file, flags, flagNames: { 'engine.threads': '--threads' } });
    await expect(loading).rejects.toThrow(`${file}: seed: `);
    await expect(loading).rejects.toThrow("--set train.stepz: unknown key 'train.stepz'; did you mean 'steps'?");
    await expect(loading).rejects.toThrow('--threads: engine.threads: ');
  });

  test.each(['onnxruntime', 'onnxruntime:cuda', 'onnxruntime-web', 'tfjs:wasm'])('%s is an engine', (name) => {
    expect(parseConfig({ engine: { name } }, 'my.json').engine.name).toBe(name);
  });

  test('several problems are told together', () => {
    expect(() => parseConfig({ a: 1, train: { steps: 0 } }, 'my.json')).toThrow(/steps[\s\S]*unknown key 'a'/);
  });
});

test("the walk-through's config is valid", async () => {
  const file = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'bccd.config.json');
  const config = await loadConfig({ file });
  expect(config.data).toMatchObject({ format: 'voc', onProblem: 'drop' });
  expect(config.train).toMatchObject({ recipe: 'from-classifier', augment: { scale: [0.8, 1.25] } });
});

test.each([
  ['train.steps=100', ['train.steps', 100]],
  ['data.path=a=b', ['data.path', 'a=b']],
  ['train.clipNorm=null', ['train.clipNorm', null]],
  ['space.genotypes=["1","2x1"]', ['space.genotypes', ['1', '2x1']]],
])('reads the setting %s', (text, expected) => {
  expect(parseAssignment(text)).toEqual(expected);
});

test.each(['train', '=3', ''])("'%s' is no setting", (text) => {
  expect(() => parseAssignment(text)).toThrow(UsageError);
});

test('every key of the JSON schema that has a default is not required, and is described or a whole section', () => {
  interface Schema {
    readonly properties?: Record<string, Schema>;
    readonly required?: string[];
    readonly default?: unknown;
    readonly description?: string;
  }
  const root = configJsonSchema() as Schema;
  expect(root.required).toBeUndefined();
  for (const [name, section] of Object.entries(root.properties!)) {
    expect(section.description, name).toBeTypeOf('string');
    for (const key of section.required ?? [])
      expect(section.properties![key]!.default, `${name}.${key}`).toBeUndefined();
  }
  expect(root.properties!.$schema).toBeDefined();
});
