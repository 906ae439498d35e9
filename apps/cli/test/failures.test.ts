import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NATS, type Outcome, runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-failures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]) => join(folder, ...parts);
const nats = (...args: string[]) => runNatsIn(folder, ...args);

beforeAll(async () => {
  writeFileSync(at('nats.config.json'), JSON.stringify(tinyConfig(await writeTinyData(at('data'), 'coco'))));
  writeFileSync(at('text.bin'), 'no weights, no model, no picture');
  const categories = ['bright', 'dark'].map((name, i) => ({ id: i + 1, name }));
  const images = [{ id: 1, file_name: 'image00.png', width: 48, height: 32 }];
  writeFileSync(at('empty.json'), JSON.stringify({ images: [], categories, annotations: [] }));
  writeFileSync(at('bare.json'), JSON.stringify({ images, categories, annotations: [] }));
  expect(nats('train', '--out', 'done', '--no-evaluate').code).toBe(0);
});

/** One clear message and nothing else: no stack, nothing on stdout. */
function expectFailure({ code, stdout, stderr }: Outcome, expected: { code: 1 | 2; message: RegExp | string }): void {
  expect(stderr).toMatch(expected.message);
  expect(code).toBe(expected.code);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr.match(/^(nats|error): /gm)).toHaveLength(1);
  expect(stdout).toBe('');
  if (expected.code === 2) expect(stderr).toMatch(/\(nats( [a-z]+)* --help shows what there is\)/);
}

describe('a call that makes no sense ends with 2', () => {
  test.each([
    [['train', '--stps', '3'], /unknown option '--stps'[\s\S]*--steps/],
    [['train', '--steps', 'three'], /--steps.*whole number/],
    [['train', '--steps', '0'], /at least 1/],
    [['bench'], /missing required argument/],
    [['detect', 'done/model.onnx'], /missing required argument/],
    [['decode', 'done'], /run of nats train; this needs one of nats search/],
    [['export', 'data'], /data is no run directory/],
    [['inspect', 'run', 'nowhere'], /nowhere is no run directory/],
    [['train', '--set', 'train.step=3'], /unknown key 'train\.step'; did you mean 'steps'\?/],
    [['train', '--set', 'train'], /KEY=VALUE/],
    [['train', '--set', 'engine.name=tfsj:cpu'], /engine\.name: .*did you mean 'tfjs:cpu'\?/],
    [['train', '--engine', 'tfjs:wsm'], /--engine.*did you mean 'tfjs:wasm'\?/],
    [
      ['demo', '--engine', 'abacus'],
      /--engine.*There is onnxruntime, onnxruntime:webgpu, onnxruntime:cuda, auto, onnxruntime-web, tfjs/,
    ],
    [
      ['train', '--engine', 'tfjs', '--set', 'engine.providers=["cuda"]'],
      /engine\.providers: are those of onnxruntime/,
    ],
    [['train', '--set', 'train.learningRate=fast'], /train\.learningRate: /],
    [['train', '--out', 'data'], /data holds files that are no run of nats/],
    [['search', '--out', 'done'], /done is a run of nats train, not of nats search/],
    [['train', '--out', 'done', '--seed', '9'], /other settings[\s\S]*seed: 5, here 9/],
    [['evaluate', 'done', '--annotations', 'x'], /either a run or a model/],
    [['evaluate', '--annotations', 'x'], /both --annotations and --detections/],
    [['inspect', 'data', '--format', 'voc'], /--format voc needs --data/],
    [['inspect', 'data', '--data', 'x'], /--data needs --format/],
    [['init'], /nats\.config\.json is there already/],
    [['init', '--out', 'other.json'], /needs --format/],
    [['init', '--out', 'other.json', '--format', 'mnist', '--size', 'large'], /--size is height x width/],
    [['report', 'nowhere'], /nowhere is no run directory/],
    [['inspect', 'weights', 'data'], /data is a directory, where a file or a run is expected/],
    [['train', '--config', 'data'], /data is a directory, where a file is expected/],
    [['train', '--set', 'data.train.annotations=data'], /data is a directory, where a file is expected/],
    [['export', 'done', '--out', 'data'], /data is a directory, where a file is expected/],
    [
      ['train', '--weights', 'done'],
      /a file, a run of nats pretrain or a run of nats search; .*done is one of nats train/,
    ],
    [['search', '--set', 'search.start=99'], /search\.start: the architecture moves in none of the 4 steps/],
    [['search', '--set', 'evaluate.sizes=[5,2]'], /evaluate\.sizes: the first is at most the second/],
    [['search', '--set', 'search.steps=-3'], /search\.steps: /],
    [['search', '--set', 'decode.multiple=8'], /decode\.multiple: argmax decides by channel group/],
  ] as const)('nats %j', (args, message) => {
    expectFailure(nats(...args), { code: 2, message });
  });

  // What fits together only packages know.
  test.each([
    [['search', '--set', 'space.genotypes=["1","0"]'], /space\.genotypes\.1: received \[0,0\].*whole numbers from 1/],
    [['search', '--set', 'space.groups=3'], /space: [\s\S]*layer1\.0\.conv1[\s\S]*equal groups/],
    [['search', '--set', 'space.stages=["C5"]'], /space: .*at least one searchable convolution/],
    [['train', '--set', 'backbone.outputStride=3'], /backbone: .*an output stride is reached/],
    [['pretrain', '--set', 'backbone.strides=[1]'], /backbone: .*widths, blocks and strides/],
    [['train', '--set', 'backbone.pixels={"mean":[1],"deviation":[1]}'], /backbone\.pixels: .*one mean and one pos/],
    [['train', '--set', 'detector.ranges=[[5,2]]'], /detector: .*a range of distances for each level.*2 levels/],
    [
      ['train', '--set', 'detector.stages=["C5"]'],
      /detector: stages: received 'C5', but a detector looks at stages of its backbone/,
    ],
    [['train', '--set', 'detector.headNorm={"kind":"group","groups":3}'], /detector: .*groups divide the channels/],
  ] as const)('nats %j', (args, message) => {
    expectFailure(nats(...args, '--out', 'a'), { code: 2, message });
    expect(existsSync(at('a')), 'a run directory was begun').toBe(false);
  });

  test('an unknown key of a file, with its place and the nearest that there is', () => {
    writeFileSync(at('typo.json'), JSON.stringify({ trian: {}, detector: { kind: 'fcos', headDept: 3 } }));
    const outcome = nats('search', '--config', 'typo.json', '--out', 'typo');
    expectFailure(outcome, { code: 2, message: /typo\.json: unknown key 'trian'; did you mean 'train'\?/ });
    expect(outcome.stderr).toContain("unknown key 'detector.headDept'; did you mean 'headDepth'?");
    expect(existsSync(at('typo'))).toBe(false);
  });
});

describe('what fails ends with 1 and names the file', () => {
  test.each([
    [['train', '--config', 'none.json'], /ENOENT.*none\.json/],
    [['train', '--weights', 'none.pth', '--out', 'a'], /ENOENT.*none\.pth/],
    [['train', '--weights', 'text.bin', '--out', 'a'], /text\.bin/],
    [['train', '--engine', 'tfjs:node', '--out', 'a'], /npm install @tensorflow\/tfjs-node/],
    [['train', '--scheme', 'none.json', '--out', 'a'], /ENOENT.*none\.json/],
    [['train', '--scheme', 'text.bin', '--out', 'a'], /text\.bin/],
    [['inspect', 'weights', 'text.bin'], /text\.bin/],
    [['inspect', 'model', 'text.bin'], /text\.bin/],
    [['inspect', 'scheme', 'nats.config.json'], /nats\.config\.json/],
    [['detect', 'text.bin', 'data/images'], /text\.bin/],
    [['evaluate', 'none.onnx'], /ENOENT.*none\.onnx/],
    [['verify', 'done'], /ENOENT.*model\.onnx/],
    [
      ['inspect', 'data', '--format', 'voc', '--data', 'data'],
      /data: received no annotations.*a Pascal VOC folder has Annotations/,
    ],
    [['inspect', 'data', '--format', 'yolo', '--data', 'data'], /a YOLO folder has a data\.yaml/],
    [['inspect', 'data', '--format', 'coco', '--train', 'text.bin', '--images', 'data'], /text\.bin/],
    [['train', '--set', 'space.groups=3', '--set', 'data.train.annotations=none.json', '--out', 'a'], /ENOENT/],
    [['train', '--set', 'data.train.annotations=empty.json', '--out', 'a'], /there are no images in empty\.json/],
    [
      ['train', '--set', 'data.val.annotations=bare.json', '--out', 'a'],
      /none of the 1 images in bare\.json has an obj/,
    ],
    [['pretrain', '--set', 'pretrain.data={"format":"folder","train":"nowhere"}', '--out', 'a'], /ENOENT.*nowhere/],
  ] as const)('nats %j', (args, message) => {
    expectFailure(nats(...args), { code: 1, message });
    expect(existsSync(at('a')), 'a run directory was begun').toBe(false);
  });

  test('a broken image, and one of another run', () => {
    nats('export', 'done');
    expectFailure(nats('detect', 'done', 'text.bin'), { code: 1, message: /text\.bin/ });
    expectFailure(nats('detect', 'done', 'none.png'), { code: 1, message: /ENOENT.*none\.png/ });
  });

  test('the stack is there when it is asked for', () => {
    const { code, stderr } = nats('--debug', 'train', '--config', 'none.json');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\n\s+at /);
  });
});

test('the directory of another version is refused, and stays as it is', () => {
  const run = JSON.parse(readFileSync(at('done', 'run.json'), 'utf8'));
  mkdirSync(at('future'));
  const text = JSON.stringify({ ...run, version: 99, tool: '9.0.0' });
  writeFileSync(at('future', 'run.json'), text);
  for (const args of [
    ['train', '--out', 'future'],
    ['export', 'future'],
    ['inspect', 'run', 'future'],
  ]) {
    expectFailure(nats(...args), { code: 1, message: /another version of nats \(layout 99, nats 9\.0\.0\)/ });
  }
  expect(readFileSync(at('future', 'run.json'), 'utf8')).toBe(text);
  writeFileSync(at('future', 'run.json'), '{"format":');
  expectFailure(nats('train', '--out', 'future'), {
    code: 1,
    message: /run\.json, line 1, column 11: received an end before the value is complete/,
  });
});

test.each([
  ['config.json', ['export']],
  ['environment.json', ['inspect', 'run']],
  ['evaluation.json', ['report']],
] as const)('a damaged %s is named', (name, command) => {
  mkdirSync(at('damaged'), { recursive: true });
  for (const file of ['run.json', 'config.json', 'environment.json', 'weights.safetensors', 'metrics.jsonl']) {
    writeFileSync(at('damaged', file), readFileSync(at('done', file)));
  }
  writeFileSync(at('damaged', name), '{"cut');
  expectFailure(nats(...command, 'damaged'), {
    code: 1,
    message: new RegExp(`damaged/${name}, line 1, column 6: received an end before`),
  });
  rmSync(at('damaged'), { recursive: true });
});

/** Nothing is forbidden to root, unless it gives that power up. Another user might not be able to read this checkout. */
const ROOT = process.getuid?.() === 0;
const GIVE_UP = ['setpriv', '--bounding-set=-dac_override'] as const;
const canGiveUp = !ROOT || spawnSync(GIVE_UP[0], [GIVE_UP[1], 'true']).status === 0;

test.skipIf(!canGiveUp)(
  `a directory that may not be written to${canGiveUp ? '' : ' (skipped: root without setpriv)'}`,
  () => {
    mkdirSync(at('locked'));
    chmodSync(at('locked'), 0o555);
    const [program, ...args] = [...(ROOT ? GIVE_UP : []), process.execPath, NATS, 'train', '--out', 'locked/run'];
    const { status, stdout, stderr } = spawnSync(program!, args, { cwd: folder, encoding: 'utf8' });
    expectFailure({ code: status, stdout, stderr }, { code: 1, message: /EACCES.*locked\/run/ });
    expect(readdirSync(at('locked'))).toEqual([]);
  },
);

describe.skipIf(process.platform === 'win32')('a full disk', () => {
  test('a checkpoint that can not be written: the one before is there, and the run goes on from it', () => {
    expect(nats('train', '--out', 'whole', '--no-evaluate').code).toBe(0);
    const train = ['train', '--out', 'full', '--no-evaluate'];
    // No file may be larger than some kilobytes: what comes first is written, the first checkpoint is not.
    const command = `ulimit -f 16; exec "${process.execPath}" "${NATS}" ${train.join(' ')}`;
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    expectFailure({ code: status, stdout, stderr }, { code: 1, message: /could not be written.*EFBIG/s });
    expect(existsSync(at('full', 'run.json'))).toBe(true);
    expect(existsSync(at('full', 'weights.safetensors'))).toBe(false);
    expect(nats(...train).code).toBe(0);
    const [a, b] = ['whole', 'full'].map((run) => readFileSync(at(run, 'weights.safetensors')));
    expect(Buffer.compare(a!, b!)).toBe(0);
  });

  test.skipIf(!existsSync('/dev/full'))('of the output', () => {
    const command = `"${process.execPath}" "${NATS}" inspect run done --json > /dev/full 2> err.txt`;
    const { status } = spawnSync('sh', ['-c', command], { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
    const text = readFileSync(at('err.txt'), 'utf8');
    expect(text).toMatch(/^nats: what was printed could not be written: .*ENOSPC/);
    expect(text.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(1);
  });

  test('a reader that has seen enough is no failure', () => {
    const command = `"${process.execPath}" "${NATS}" inspect weights done | head -1 > ${devNull}; echo done`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    // It may have closed the pipe before all of it was written, or after.
    expect(stderr).toMatch(/^(Next: nats .*\n)?$/);
    expect(stdout).toBe('done\n');
  });
});

test('nats inspect data looks at two images, which are too few to be divided', () => {
  const { images, annotations, ...rest } = JSON.parse(readFileSync(at('data', 'train.json'), 'utf8'));
  const two = images.slice(0, 2);
  const ids = new Set(two.map(({ id }: { id: number }) => id));
  const own = annotations.filter(({ image_id }: { image_id: number }) => ids.has(image_id));
  writeFileSync(at('two.json'), JSON.stringify({ ...rest, images: two, annotations: own }));
  const where = ['--format', 'coco', '--train', 'two.json', '--images', 'data/images'];
  const { code, stdout, stderr } = nats('inspect', 'data', ...where, '--json');
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/^too few images .*data\.split\nNext: nats init --format coco/),
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ train: { images: 2, problems: [] } });
});

describe('nats init', () => {
  test('writes a config that the other commands take, and its schema beside it', () => {
    const data = [
      '--format',
      'coco',
      '--train',
      'data/train.json',
      '--images',
      'data/images',
      '--val',
      'data/val.json',
    ];
    const { code, stdout } = nats(
      'init',
      ...data,
      '--backbone',
      'resnet20',
      '--size',
      '64x64',
      '--out',
      'new/nats.config.json',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('new/nats.config.json');
    const config = JSON.parse(readFileSync(at('new', 'nats.config.json'), 'utf8'));
    expect(config.data.train.annotations).toBe('../data/train.json');
    expect(config.$schema).toBe('./nats.schema.json');
    expect(config.train).toEqual({ steps: 400, batchSize: 8 });
    const schema = JSON.parse(readFileSync(at('new', 'nats.schema.json'), 'utf8'));
    expect(schema.properties.train.properties.steps.default).toBe(1000);
    expect(runNatsIn(at('new'), 'inspect', 'data').stdout).toContain('12 images');
  });

  test('data that are not there yet are told: a typo is seen before the first training', () => {
    const { code, stderr } = nats('init', '--format', 'yolo', '--data', 'dta/data.yaml', '--out', 'typo/config.json');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: the data cannot be read yet: .*\nNext: nats inspect data --config typo\/config.json\n$/,
    );
  });

  test('--schema prints it', () => {
    expect(JSON.parse(nats('init', '--schema').stdout).properties.detector).toBeDefined();
  });
});
