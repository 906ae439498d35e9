import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, floats, u16 } from '../../test/helpers/bytes.js';
import { malformedBy, refusal } from '../../test/helpers/errors.js';
import { readWeights } from '../read-weights.js';
import { parseTfjs, tfjsShards } from './index.js';

interface Group {
  paths: string[];
  weights: object[];
}

function json(groups: unknown, more: object = { format: 'layers-model' }): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ ...more, weightsManifest: groups }));
}

const kernel = { name: 'conv/kernel', shape: [1, 2, 3, 2], dtype: 'float32' };
const kernelData = floats(...Array.from({ length: 12 }, (_, i) => i));

function parse(groups: Group[], shards: Record<string, Uint8Array>, layout?: 'stored' | 'pytorch', more?: object) {
  return parseTfjs(json(groups, more), new Map(Object.entries(shards)), layout === undefined ? {} : { layout });
}

describe('layers models', () => {
  it('weights across shards, cut anywhere', () => {
    const groups = [
      {
        paths: ['a.bin', 'b.bin', 'c.bin'],
        weights: [{ name: 'n', shape: [], dtype: 'int32' }, kernel, { name: 'flag', shape: [2], dtype: 'bool' }],
      },
      { paths: ['d.bin'], weights: [{ name: 'pixels', shape: [2], dtype: 'uint8' }] },
    ];
    const data = bytes(new Uint8Array(Int32Array.of(-7).buffer), kernelData, [1, 0]);
    expect(tfjsShards(json(groups))).toEqual(['a.bin', 'b.bin', 'c.bin', 'd.bin']);
    for (const [first, second] of [
      [1, 30],
      [4, 53],
      [0, 0],
    ] as const) {
      const { tensors, format } = parse(groups, {
        'a.bin': data.subarray(0, first),
        'b.bin': data.subarray(first, second),
        'c.bin': data.subarray(second),
        'd.bin': bytes([3, 4]),
      });
      expect(format).toBe('tfjs-layers');
      expect([...tensors.keys()]).toEqual(['n', 'conv/kernel', 'flag', 'pixels']);
      expect([...tensors.get('n')!.data]).toEqual([-7]);
      expect([...tensors.get('conv/kernel')!.data]).toEqual([...Array(12).keys()]);
      expect([...tensors.get('flag')!.data]).toEqual([1, 0]);
      expect([...tensors.get('pixels')!.data]).toEqual([3, 4]);
    }
  });

  it('quantized weights: value = q * scale + min, and half precision', () => {
    const weights = [
      {
        name: 'u8',
        shape: [3],
        dtype: 'float32',
        quantization: { dtype: 'uint8', scale: 0.5, min: -1, original_dtype: 'float32' },
      },
      { name: 'u16', shape: [2], dtype: 'int32', quantization: { dtype: 'uint16', scale: 1, min: -5 } },
      { name: 'f16', shape: [1], dtype: 'float32', quantization: { dtype: 'float16' } },
    ];
    const data = bytes([0, 2, 255], u16(0), u16(65535), [0x00, 0x3c]);
    const { tensors, storedDtypes } = parse([{ paths: ['w'], weights }], { w: data });
    expect(tensors.get('u8')).toEqual({ dtype: 'float32', shape: [3], data: Float32Array.of(-1, 0, 126.5) });
    expect(tensors.get('u16')).toEqual({ dtype: 'int32', shape: [2], data: Int32Array.of(-5, 65530) });
    expect([...tensors.get('f16')!.data]).toEqual([1]);
    expect(Object.fromEntries(storedDtypes)).toEqual({ u8: 'uint8', u16: 'uint16', f16: 'float16' });
  });

  it('the PyTorch layout: w[o, i, y, x] is kernel[y, x, i, o]', () => {
    const weights = [
      kernel,
      { name: 'dw/depthwise_kernel', shape: [1, 2, 2, 2], dtype: 'float32' },
      { name: 'fc/kernel', shape: [2, 3], dtype: 'float32' },
      { name: 'fc/bias', shape: [3], dtype: 'float32' },
    ];
    const data = floats(...[...Array(12).keys(), ...Array(8).keys(), ...Array(6).keys(), 7, 8, 9]);
    const { tensors } = parse([{ paths: ['w'], weights }], { w: data }, 'pytorch');
    const moved = tensors.get('conv/kernel')!;
    expect(moved.shape).toEqual([2, 3, 1, 2]);
    for (let o = 0; o < 2; o++) {
      for (let i = 0; i < 3; i++) {
        for (let column = 0; column < 2; column++) {
          expect(moved.data[(o * 3 + i) * 2 + column]).toBe((column * 3 + i) * 2 + o);
        }
      }
    }
    // Channel c, multiplier m becomes channel 2c + m: columns lie 4 apart.
    expect(tensors.get('dw/depthwise_kernel')).toMatchObject({ shape: [4, 1, 1, 2] });
    expect([...tensors.get('dw/depthwise_kernel')!.data]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect(tensors.get('fc/kernel')).toMatchObject({ shape: [3, 2] });
    expect([...tensors.get('fc/kernel')!.data]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...tensors.get('fc/bias')!.data]).toEqual([7, 8, 9]);
  });
});

describe('graph models', () => {
  it('kernels are those that nodes use as such, through Identity, transposed products left alone', () => {
    const node = (name: string, op: string, input: string[], attr: object = {}) => ({ name, op, input, attr });
    const topology = {
      node: [
        node('unusual/name', 'Const', []),
        node('through', 'Identity', ['unusual/name']),
        node('conv', '_FusedConv2D', ['x', 'through:0', 'bias']),
        node('m', 'MatMul', ['conv', 'matrix']),
        node('t', 'MatMul', ['m', 'already'], { transpose_b: { b: true } }),
        node('p', 'Conv2D', ['m', 'kernel/unused']),
      ],
    };
    const weights = [
      { ...kernel, name: 'unusual/name' },
      { name: 'matrix', shape: [2, 3], dtype: 'float32' },
      { name: 'already', shape: [2, 3], dtype: 'float32' },
      { name: 'other/kernel', shape: [1, 1, 2, 3], dtype: 'float32' },
    ];
    const data = bytes(kernelData, floats(...Array(18).fill(0)));
    const more = { format: 'graph-model', generatedBy: '2.0', modelTopology: topology };
    const { tensors, format, metadata } = parse([{ paths: ['w'], weights }], { w: data }, 'pytorch', more);
    expect(format).toBe('tfjs-graph');
    expect(metadata.generatedBy).toBe('2.0');
    expect(tensors.get('unusual/name')!.shape).toEqual([2, 3, 1, 2]);
    expect(tensors.get('matrix')!.shape).toEqual([3, 2]);
    expect(tensors.get('already')!.shape).toEqual([2, 3]);
    expect(tensors.get('other/kernel')!.shape).toEqual([1, 1, 2, 3]);
  });
});

describe('from files', () => {
  it('reads shards beside the model, and none from elsewhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nats-transfer-'));
    try {
      await mkdir(join(folder, 'parts'));
      await writeFile(join(folder, 'parts', '1.bin'), kernelData);
      const path = join(folder, 'model.json');
      await writeFile(path, json([{ paths: ['parts/1.bin'], weights: [kernel] }]));
      const weights = await readWeights(path, { layout: 'pytorch' });
      expect(weights.tensors.get('conv/kernel')!.shape).toEqual([2, 3, 1, 2]);
      for (const shard of ['../1.bin', '/etc/passwd', 'a/../../1.bin', 'http://x/1.bin', '']) {
        await writeFile(path, json([{ paths: [shard], weights: [kernel] }]));
        await expect(readWeights(path)).rejects.toThrow(/lies in the folder/);
      }
      await writeFile(path, json([{ paths: ['none.bin'], weights: [kernel] }]));
      await expect(readWeights(path)).rejects.toMatchObject({ code: 'ENOENT' });
      await writeFile(path, json([{ paths: ['parts/1.bin'], weights: [kernel] }]));
      await expect(readWeights(path, { limits: { maxFileBytes: 40 } })).rejects.toThrow(/maxFileBytes/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('hostile models', () => {
  const group = { paths: ['w'], weights: [kernel] };

  it('truncated anywhere, in the model and in the shard', () => {
    const whole = json([group]);
    const shards = new Map([['w', kernelData]]);
    for (let length = 0; length < whole.length; length++) {
      malformedBy(() => parseTfjs(whole.subarray(0, length), shards), /JSON|key|colon|manifest/);
    }
    for (let length = 0; length < kernelData.length; length++) {
      malformedBy(() => parse([group], { w: kernelData.subarray(0, length) }), /as many bytes as its weights/);
    }
    malformedBy(() => parse([group], { w: bytes(kernelData, [0]) }), /as many bytes as its weights/);
    malformedBy(() => parse([group], {}), /every shard/);
  });

  it('absurd shapes', () => {
    const shaped = (shape: unknown) => () =>
      parse([{ paths: ['w'], weights: [{ ...kernel, shape }] }], { w: kernelData });
    malformedBy(shaped([2 ** 40]), /as many bytes/);
    malformedBy(shaped([2 ** 40, 2 ** 40]), /countable/);
    malformedBy(shaped([-1]), /non-negative/);
    malformedBy(shaped(Array(50).fill(1)), /maxRank/);
    malformedBy(shaped('12'), /has a shape/);
  });

  it('names, shards and keys twice', () => {
    const twice = {
      paths: ['w'],
      weights: [
        { name: 'a', shape: [1], dtype: 'float32' },
        { name: 'a', shape: [1], dtype: 'float32' },
      ],
    };
    malformedBy(() => parse([twice], { w: floats(1, 2) }), /occurs once/);
    malformedBy(() => parse([group, { ...group, weights: [] }], { w: kernelData }), /one group/);
    const text = '{"weightsManifest":[],"weightsManifest":[]}';
    malformedBy(() => parseTfjs(bytes(text), new Map()), /"weightsManifest" twice/);
  });

  it('other values where the manifest should be', () => {
    malformedBy(() => parseTfjs(bytes('[]'), new Map()), /weightsManifest/);
    malformedBy(() => parseTfjs(bytes('{}'), new Map()), /weightsManifest/);
    malformedBy(() => parseTfjs(json({}), new Map()), /weightsManifest/);
    malformedBy(() => parseTfjs(json([3]), new Map()), /paths and weights/);
    malformedBy(() => parseTfjs(json([{ paths: [1], weights: [] }]), new Map()), /a path is a string/);
    malformedBy(() => parseTfjs(json([{ paths: [], weights: [3] }]), new Map()), /has a name/);
    malformedBy(() => parseTfjs(bytes('{"weightsManifest":', '['.repeat(1000)), new Map()), /maxJsonDepth/);
    const options = { limits: { maxJsonBytes: 10 } };
    malformedBy(() => parseTfjs(json([group]), new Map(), options), /maxJsonBytes/);
  });

  it('what is not read', () => {
    const text = { paths: ['w'], weights: [{ ...kernel, dtype: 'string' }] };
    expect(refusal(() => parse([text], { w: kernelData })).code).toBe('unsupported');
    const four = { paths: ['w'], weights: [{ ...kernel, quantization: { dtype: 'int4', scale: 1, min: 0 } }] };
    expect(refusal(() => parse([four], { w: kernelData })).code).toBe('unsupported');
    const noScale = { paths: ['w'], weights: [{ ...kernel, quantization: { dtype: 'uint8', min: 0 } }] };
    malformedBy(() => parse([noScale], { w: kernelData }), /scale and a min/);
  });
});
