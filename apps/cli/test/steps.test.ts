import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSafetensors } from '@nats/transfer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runNatsIn } from './run-nats.js';
import { type TinyFormat, tinyConfig, writeTinyData } from './tiny-data.js';

const root = mkdtempSync(join(tmpdir(), 'nats-steps-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.each<TinyFormat>(['coco', 'voc', 'yolo'])('each step alone on %s', (format) => {
  const folder = join(root, format);
  const at = (...parts: string[]) => join(folder, ...parts);
  const json = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8'));
  /** Succeeds, and gives what was printed. */
  const nats = (...args: string[]) => {
    const { code, stdout, stderr } = runNatsIn(folder, ...args);
    expect(stderr).not.toContain('nats: ');
    expect(code).toBe(0);
    // Every command says what to do next, where it gets into no pipe.
    expect(stderr, args.join(' ')).toMatch(/^Next: .*\n$/m);
    expect(stdout).not.toContain('Next:');
    return stdout;
  };
  const firstImage = { coco: 'data/images', voc: 'data/JPEGImages', yolo: 'data/images/val' }[format];

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    // As a user has it: paths from the config's folder.
    const data = JSON.parse(JSON.stringify(await writeTinyData(at('data'), format)).replaceAll(folder, '.'));
    writeFileSync(at('nats.config.json'), JSON.stringify(tinyConfig(data), null, 2));
  });

  /** What does not depend on the format of the data is tried on one. */
  const once = format === 'coco' ? test : (_name: string, _body: () => unknown) => {};

  test('inspect data', () => {
    const { train, val } = JSON.parse(nats('inspect', 'data', '--json', '--check', 'decode'));
    expect(train).toMatchObject({ images: 12, objects: 18, problems: [], mostObjects: 2 });
    expect(val).toMatchObject({ images: 4, objects: 6, problems: [] });
    expect(nats('inspect', 'data', '--out', 'pictures', '--pictures', '1')).toContain('12 images (0 without objects)');
    expect(existsSync(at('pictures', 'train', '1.png'))).toBe(true);
  });

  test('search, and what a run directory holds', () => {
    expect(nats('search', '--out', 'search')).toMatch(/layer1\.0\.conv1[\s\S]*search\/scheme\.json/);
    expect(readdirSync(at('search')).sort()).toEqual(
      [
        'architecture.json',
        'checkpoints',
        'commands.jsonl',
        'config.json',
        'environment.json',
        'metrics.jsonl',
        'run.json',
        'scheme.json',
        'weights.safetensors',
      ].sort(),
    );
    expect(json('search', 'config.json')).toMatchObject({ seed: 5, search: { steps: 4, recipe: 'quick' } });
    expect(json('search', 'environment.json')).toMatchObject({ engine: 'onnxruntime', threads: 1 });
    const lines = readFileSync(at('search', 'metrics.jsonl'), 'utf8').trim().split('\n');
    const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.filter((type) => type === 'step')).toHaveLength(4);
    expect(types).toContain('architecture');
  });

  once('search by everything that can be said about it', () => {
    const settings = {
      relaxation: 'sampled',
      order: 2,
      architectureWeightDecay: 1e-3,
      architectureClipNorm: 1,
      entropy: [0, 0.1],
      temperature: [2, 1],
      singleLevel: true,
      reportEvery: 1,
    };
    const assigned = Object.entries(settings).flatMap(([key, value]) => [
      '--set',
      `search.${key}=${JSON.stringify(value)}`,
    ]);
    nats(
      'search',
      ...assigned,
      '--out',
      'thorough',
      '--set',
      'decode.method=proportional',
      '--set',
      'decode.multiple=4',
    );
    expect(json('thorough', 'config.json').search).toMatchObject(settings);
    const lines = readFileSync(at('thorough', 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(lines.filter((line) => (JSON.parse(line) as { type: string }).type === 'architecture')).toHaveLength(4);
    const { convolutions } = json('thorough', 'scheme.json') as { convolutions: { runs: [number, number][] }[] };
    expect(convolutions).toHaveLength(4);
    // Eight channels in multiples of four.
    for (const [, count] of convolutions.flatMap(({ runs }) => runs)) expect([4, 8]).toContain(count);
  });

  once('decode', () => {
    expect(nats('decode', 'search')).toContain('search/scheme.json');
    nats('decode', 'search', '--method', 'proportional', '--out', 'proportional.json');
    expect(json('proportional.json')).toMatchObject({ format: 'nats-scheme', backbone: 'small-resnet' });
    expect(nats('inspect', 'scheme', 'proportional.json')).toContain('decoded proportional');
    // Another scheme does not replace the one that is there without being told to.
    writeFileSync(at('scheme.json'), readFileSync(at('proportional.json')));
    expect(runNatsIn(folder, 'decode', 'search', '--sharpening', '9', '--out', 'scheme.json').code).toBe(2);
    expect(readFileSync(at('scheme.json'))).toEqual(readFileSync(at('proportional.json')));
    nats('decode', 'search', '--sharpening', '9', '--out', 'scheme.json', '--replace');
  });

  once('decode with a margin, and of several searches', () => {
    // Nothing is a million times as probable as (1,1) after four steps.
    expect(nats('decode', 'search', '--margin', '1e6', '--out', 'kept.json')).toContain('keeps the original network');
    expect(json('kept.json').provenance.method).toBe('decoded argmax, margin 1000000');
    expect(nats('decode', 'search', '--out', 'one.json')).not.toContain('keeps the original network');
    nats('decode', 'search', '--average', 'search', '--out', 'average.json');
    expect(json('average.json').convolutions).toEqual(json('one.json').convolutions);
    const agreement = JSON.parse(nats('inspect', 'scheme', 'one.json', 'average.json', '--json'));
    expect(agreement.overall).toMatchObject({ observed: 1, kappa: 1 });
    expect(nats('inspect', 'scheme', 'one.json', 'kept.json')).toMatch(
      /alike +by chance +kappa[\s\S]*layer1\.0\.conv1/,
    );
  });

  test('a training goes on from the weights of a search', () => {
    expect(nats('train', '--scheme', 'search', '--weights', 'search', '--steps', '1', '--out', 'continued')).toContain(
      'Average Precision',
    );
    const { code, stderr } = runNatsIn(
      folder,
      ...['train', '--weights', 'search', '--set', 'detector.channels=16', '--out', 'other'],
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/search was for another detector: backbone.fpn.inner_blocks/);
  });

  test('train without and with a scheme', () => {
    expect(nats('train', '--out', 'original')).toContain('Average Precision');
    nats('train', '--scheme', 'search', '--out', 'transformed', '--no-evaluate');
    expect(existsSync(at('transformed', 'evaluation.json'))).toBe(false);
    const [original, transformed] = ['original', 'transformed'].map(
      (run) => parseSafetensors(readFileSync(at(run, 'weights.safetensors'))).tensors,
    );
    const shapes = (weights = original) => [...weights!].map(([name, { shape }]) => `${name} ${shape}`);
    expect(shapes(transformed)).toEqual(shapes());
    expect(transformed).not.toEqual(original);
    expect(json('transformed', 'run.json').settings.scheme.convolutions).toHaveProperty(['layer1.0.conv1']);
  });

  test('a run that is done is not done again, and other settings are refused with what differs', () => {
    const before = readFileSync(at('original', 'metrics.jsonl'), 'utf8');
    nats('train', '--out', 'original');
    expect(readFileSync(at('original', 'metrics.jsonl'), 'utf8')).toBe(before);
    const { code, stderr } = runNatsIn(folder, 'train', '--out', 'original', '--steps', '7', '--seed', '6');
    expect(code).toBe(2);
    expect(stderr).toContain('seed: 5, here 6');
    expect(stderr).toContain('train.steps: 30, here 7');
    expect(json('original', 'config.json').train.steps).toBe(30);
  });

  test('evaluate: a run, its exported model and its detections give the same numbers', () => {
    const ofRun = JSON.parse(nats('evaluate', 'transformed', '--json'));
    expect(ofRun.stats).toHaveLength(12);
    expect(Object.keys(ofRun.perCategory)).toEqual(['bright', 'dark']);
    expect(nats('export', 'transformed')).toContain('transformed/model.onnx');
    const ofModel = JSON.parse(nats('evaluate', 'transformed/model.onnx', '--out', 'found.json', '--json'));
    for (const [i, value] of ofRun.stats.entries()) expect(ofModel.stats[i]).toBeCloseTo(value, 2);
    expect(json('found.json').length).toBeGreaterThan(0);
  });

  once('evaluate: two files give the numbers of the run that wrote one of them', () => {
    const files = ['--annotations', 'data/val.json', '--detections', 'transformed/detections.json', '--json'];
    const [all, half] = JSON.parse(nats('evaluate', ...files)).stats;
    expect([all, half]).toEqual(JSON.parse(nats('evaluate', 'transformed', '--json')).stats.slice(0, 2));
  });

  test('export and verify', () => {
    nats('export', 'original');
    for (const run of ['original', 'transformed']) {
      const result = JSON.parse(nats('verify', run, '--json'));
      expect(result).toMatchObject({ samples: 4, passed: true });
      expect(result.values.scores.relative).toBeLessThan(1e-4);
    }
    expect(nats('inspect', 'model', 'transformed')).toContain('in   images uint8[N, H, W, 3]');
    // The other's file is not what was trained.
    const { code, stdout, stderr } = runNatsIn(folder, 'verify', 'original', '--model', 'transformed/model.onnx');
    expect(code).toBe(1);
    expect(stdout).toContain('failed');
    expect(stderr).toContain('does not compute what was trained');
    // Nothing is replaced in silence.
    expect(runNatsIn(folder, 'export', 'original', '--layout', 'NCHW').code).toBe(2);
    nats('export', 'original', '--layout', 'NCHW', '--out', 'nchw.onnx');
    nats('export', 'original', '--no-preprocessing', '--no-suppression', '--out', 'open.onnx');
    expect(nats('inspect', 'model', 'open.onnx')).toContain('out  boxes float32');
  });

  once('export: weights know the scheme that they were trained with', () => {
    cpSync(at('transformed'), at('without-scheme'), { recursive: true });
    rmSync(at('without-scheme', 'scheme.json'));
    const { code, stderr } = runNatsIn(folder, 'export', 'without-scheme', '--out', 'wrong.onnx');
    expect(stderr).toMatch(
      /without-scheme\/weights\.safetensors: .*for the original network: the dilations of \d+ channels/,
    );
    expect(code).toBe(1);
    expect(existsSync(at('wrong.onnx'))).toBe(false);
  });

  test('detect: a table, JSON, pictures, a folder', () => {
    const name = readdirSync(at(firstImage)).sort()[0]!;
    const image = `${firstImage}/${name}`;
    expect(nats('detect', 'transformed', image)).toContain(`${image} (48 x 32): `);
    const [found] = JSON.parse(nats('detect', 'transformed/model.onnx', image, '--json', '--min-score', '0.1'));
    expect(found).toMatchObject({ image, width: 48, height: 32 });
    for (const { box, label, score } of found.detections) {
      expect(score).toBeGreaterThanOrEqual(0.1);
      expect(['bright', 'dark']).toContain(label);
      expect(box[2]).toBeLessThanOrEqual(48);
    }
    // A file without preprocessing and suppression gives the same detections.
    const [open] = JSON.parse(nats('detect', 'open.onnx', image, '--json', '--min-score', '0'));
    const [whole] = JSON.parse(nats('detect', 'original', image, '--json', '--min-score', '0'));
    expect(open.detections[0].score).toBeCloseTo(whole.detections[0].score, 4);
    // And so does one that leaves suppression alone to the caller.
    nats('export', 'original', '--no-suppression', '--out', 'half.onnx');
    const [half] = JSON.parse(nats('detect', 'half.onnx', image, '--json', '--min-score', '0'));
    expect(half.detections.length).toBe(whole.detections.length);
    for (const [i, { box, label, score }] of whole.detections.entries()) {
      expect(half.detections[i].label).toBe(label);
      expect(half.detections[i].score).toBeCloseTo(score, 4);
      for (const [side, value] of box.entries()) expect(half.detections[i].box[side]).toBeCloseTo(value, 2);
    }
    nats('detect', 'transformed', firstImage, '--out', 'drawn');
    expect(readdirSync(at('drawn'))).toHaveLength(readdirSync(at(firstImage)).length);
  });

  once('bench', () => {
    const results = JSON.parse(
      nats('bench', 'original', 'transformed', '--rounds', '5', '--batch-size', '2', '--json'),
    );
    expect(results).toHaveLength(2);
    for (const { single, imagesPerSecond, bytes } of results) {
      expect(single.median).toBeGreaterThan(0);
      expect(imagesPerSecond).toBeGreaterThan(0);
      expect(bytes).toBeGreaterThan(1000);
    }
    expect(json('transformed', 'latency.json').batchSize).toBe(2);
  });

  test('report and inspect run', () => {
    nats('report', 'original', 'transformed', 'search', '--out', 'report.html', '--title', 'Squares <&>');
    const page = readFileSync(at('report.html'), 'utf8');
    // Not toContain: its message would have the whole page.
    expect(page.includes('Squares &lt;&amp;&gt;')).toBe(true);
    for (const text of ['original', 'transformed', 'nats train --scheme search', 'Losses of the search']) {
      expect(page.includes(text), text).toBe(true);
    }
    const run = JSON.parse(nats('inspect', 'run', 'transformed', '--json'));
    expect(run).toMatchObject({ kind: 'train', step: 30, steps: 30 });
    expect(run.files).toContain('model.onnx');
    expect(run.commands[0].command).toBe('nats train --scheme search --out transformed --no-evaluate');
    expect(nats('inspect', 'run', 'original')).toContain('step 30 of 30');
  });

  test.runIf(format === 'voc')('pretrain on folders of images, and its weights in a training', () => {
    for (const name of ['bright', 'dark']) {
      mkdirSync(at('classes', name), { recursive: true });
      const image = readFileSync(at('data', 'JPEGImages', `image0${name === 'bright' ? 0 : 1}.png`));
      for (const i of [0, 1]) writeFileSync(at('classes', name, `${i}.png`), image);
    }
    const data = JSON.stringify({ format: 'folder', train: 'classes', test: 'classes', size: 32 });
    const settings = ['--set', `pretrain.data=${data}`, '--batch-size', '2', '--steps', '3'];
    expect(nats('pretrain', ...settings, '--out', 'pretrain')).toContain('pretrain/weights.safetensors');
    expect(nats('inspect', 'weights', 'pretrain')).toContain('layer1.0.conv1.weight');
    nats('train', '--weights', 'pretrain', '--steps', '1', '--out', 'warm', '--no-evaluate');
    expect(json('warm', 'config.json').weights.file).toBe('../pretrain');
  });

  once('a training that has ended goes on with more steps', () => {
    nats('train', '--steps', '3', '--out', 'longer', '--no-evaluate');
    const short = readFileSync(at('longer', 'weights.safetensors'));
    const printed = runNatsIn(folder, 'train', '--steps', '3', '--out', 'longer', '--no-evaluate').stderr;
    expect(printed).toContain('The same command with more --steps goes on from here');
    nats('train', '--steps', '6', '--out', 'longer', '--no-evaluate');
    const lines = readFileSync(at('longer', 'metrics.jsonl'), 'utf8').trim().split('\n');
    const steps = lines.map((line) => JSON.parse(line)).flatMap(({ type, step }) => (type === 'step' ? [step] : []));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
    expect(readFileSync(at('longer', 'after-3-steps', 'weights.safetensors'))).toEqual(short);
    expect(readFileSync(at('longer', 'weights.safetensors'))).not.toEqual(short);
    expect(runNatsIn(folder, 'train', '--steps', '4', '--out', 'longer').stderr).toContain('train.steps: 6, here 4');
  });

  once('train with a recipe of torchvision, on frozen norms', () => {
    nats('train', '--set', 'train.recipe=fine-tune', '--steps', '2', '--out', 'frozen', '--no-evaluate');
    const { settings } = json('frozen', 'run.json');
    expect(settings.train.recipe).toBe('fine-tune');
  });
});
