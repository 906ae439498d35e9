import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { batchNorm, convolution, createScope, input, sizeOf, type TensorData, tensorData } from '@nats/graph';
import { sharedDirectory } from '@nats/graph/testing/vitest';
import { createScheme, schemeMetadata } from '@nats/space';
import { encodeSafetensors, writeSafetensors } from '@nats/transfer';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { pretrainedWeights } from './weights.js';

const folder = sharedDirectory();
afterEach(() => vi.unstubAllEnvs());

/** A detector of one convolution, one norm and a head. */
const scope = createScope();
const body = scope.child('backbone').child('body');
const images = input('images', 'float32', [1, 3, 4, 4]);
const features = batchNorm(
  body.child('bn1'),
  convolution(body.child('conv1'), images, { channels: 2, kernel: 1, bias: false }),
);
convolution(scope.child('head'), features, { channels: 5, kernel: 1, bias: true });
const { spec } = scope;

function file(names: (name: string) => string | undefined, ...others: readonly string[]): Map<string, TensorData> {
  const own = [...spec.values()].flatMap(({ name, shape }) => {
    const renamed = names(name);
    return renamed === undefined
      ? []
      : [[renamed, tensorData('float32', shape, Array(sizeOf(shape)).fill(1))] as const];
  });
  return new Map([...own, ...others.map((name) => [name, tensorData('float32', [1], [1])] as const)]);
}

const backbone = (prefix: string) => (name: string) =>
  name.startsWith('backbone.body.') ? prefix + name.slice('backbone.body.'.length) : undefined;

async function load(tensors: ReadonlyMap<string, TensorData>, settings: object = {}, network?: object, metadata = {}) {
  const path = join(folder, 'weights.safetensors');
  await writeSafetensors(path, tensors, metadata);
  return loadNamed(path, settings, network);
}

async function loadNamed(name: string | undefined, settings: object = {}, network?: object) {
  const lines: string[] = [];
  const progress = { line: (text: string) => void lines.push(text), update: () => undefined };
  const { weights } = parseConfig({ weights: { file: name, ...settings } }, 'test');
  const { signal } = new AbortController();
  const loaded = await pretrainedWeights(weights, spec, { progress, signal }, network);
  return { names: [...loaded.keys()], lines };
}

test('of a transformed network are told where the network to be trained is another one', async () => {
  const provenance = { tool: { name: 'test', version: '1' }, method: 'random' };
  const scheme = createScheme({
    backbone: 'tiny',
    genotypes: [
      [1, 1],
      [2, 2],
    ],
    convolutions: [['conv1', [0, 1]]],
    provenance,
  });
  const trained = schemeMetadata(scheme);
  const plain = await load(file(backbone('')), {}, {}, trained);
  expect(plain.lines[1]).toMatch(
    /^Warning: .*weights\.safetensors: .*for the original network: the dilations of 1 channels differ/,
  );
  expect((await load(file(backbone('')), {}, { scheme }, trained)).lines).toHaveLength(1);
  expect((await load(file(backbone('')), {}, { scheme })).lines).toHaveLength(1);
});

test('none are told: rates are meant for pretrained ones', async () => {
  expect(await loadNamed(undefined)).toEqual({
    names: [],
    lines: [expect.stringMatching(/^No weights\.file: .*random/)],
  });
});

describe('a file', () => {
  test('of a backbone behind any prefix', async () => {
    const { names, lines } = await load(file(backbone('module.encoder_q.'), 'module.queue'));
    expect(names).toHaveLength(5);
    expect(lines[0]).toMatch(/\(backbone\): 5 tensors loaded.*outside "module\.encoder_q\." \(1\): module\.queue/s);
  });

  test('of a whole detector, or its backbone alone', async () => {
    const whole = file((name) => name);
    expect((await load(whole)).names).toHaveLength(spec.size);
    expect((await load(whole, { scope: 'backbone' })).names).toHaveLength(5);
    await expect(load(file(backbone('')), { scope: 'detector' })).rejects.toThrow(/weights\.scope: "backbone"/);
  });

  test('with rules of the config', async () => {
    const odd = file(backbone('trunk/'), 'extra');
    const rules = { rename: { '^trunk/': '' }, drop: ['^extra$'] };
    expect((await load(odd, { rules })).names).toHaveLength(5);
  });

  test('that does not fit says what to put into the config, in the names of the file', async () => {
    const message = await load(file(backbone(''), 'extra')).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toMatch(
      /1 unexpected: extra; 5 fit, but .*; in the config: "weights": \{"rules": \{"drop":\["\^extra\$"\]\}\}/,
    );
    expect(message).not.toMatch(/backbone\.body|options\.|strict/);
    const { weights } = JSON.parse(`{${/"weights": \{"rules": \{.*?\}\}/.exec(message)![0]}}`);
    expect((await load(file(backbone(''), 'extra'), weights)).names).toHaveLength(5);
  });

  test('with NaN is refused', async () => {
    const weights = file(backbone(''));
    weights.get('conv1.weight')!.data[0] = Number.NaN;
    await expect(load(weights)).rejects.toThrow(/NaN or infinity in 1 of 5 tensors: "conv1\.weight"/);
  });
});

describe('the config', () => {
  test.each([
    [{ rules: 'tim' }, /weights\.rules: there is auto, none.*did you mean 'timm'\?/],
    [{ rules: { drp: [] } }, /unknown key 'weights\.rules\.drp'; did you mean 'drop'\?/],
    [{ rules: { drop: 'x' } }, /weights\.rules: .*drop: .*array/],
    [{ scope: 'heads' }, /weights\.scope/],
  ])('%j is refused', (settings, message) => {
    expect(() => parseConfig({ weights: settings }, 'test')).toThrow(message);
  });

  test('a pattern that is none is told', async () => {
    await expect(load(file(backbone('')), { rules: { drop: ['(?=x)'] } })).rejects.toThrow(/no lookaround/);
  });
});

test('weights by name are downloaded once, and pixels that do not fit are told', async () => {
  vi.stubEnv('NATS_CACHE', join(folder, 'cache'));
  vi.stubEnv('NATS_OFFLINE', '');
  vi.stubEnv('HF_TOKEN', '');
  const bytes = encodeSafetensors(file(backbone('')));
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
  const first = await loadNamed('timm:resnet18.tv_in1k', {}, { statistics: imagenet });
  expect(first.names).toHaveLength(5);
  expect(first.lines[0]).toMatch(/timm:resnet18\.tv_in1k: .*SHA-256 [0-9a-f]{16}.*license: bsd-3-clause/);
  expect(first.lines).toHaveLength(2);
  const second = await loadNamed(
    'timm:resnet18.tv_in1k',
    {},
    {
      statistics: { ...imagenet, mean: [0.5, 0.5, 0.5] },
    },
  );
  expect(second.lines.at(-1)).toMatch(
    /Warning: timm:resnet18\.tv_in1k expects pixels normalized by .*backbone\.pixels/,
  );
  expect(asked).toBe(1);
  server.close();
});
