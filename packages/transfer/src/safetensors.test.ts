import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TensorData, tensorData } from '@nats/graph';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, floats, u64 } from '../test/helpers/bytes.js';
import { malformedBy, refusal } from '../test/helpers/errors.js';
import { readWeights } from './read-weights.js';
import { parseSafetensors } from './safetensors.js';
import { encodeSafetensors } from './safetensors-encode.js';
import { writeSafetensors } from './safetensors-file.js';

const sample = new Map<string, TensorData>([
  ['mask', tensorData('bool', [3], [1, 0, 1])],
  ['conv.weight', tensorData('float32', [2, 1, 1, 2], [1.5, -2, 0, Number.NaN])],
  ['pixels', tensorData('uint8', [5], [0, 1, 2, 254, 255])],
  ['steps', tensorData('int32', [], [-7])],
  ['none', tensorData('float32', [0, 4], [])],
]);

function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const utf8 = new TextEncoder().encode(text);
  return bytes(u64(utf8.length), utf8, data);
}

const one = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

describe('encoding', () => {
  it('round trip keeps names, order, types, shapes, values and metadata', () => {
    const back = parseSafetensors(encodeSafetensors(sample, { epoch: '3', note: 'größe "x"\n' }));
    expect([...back.tensors]).toEqual([...sample]);
    expect(back.metadata).toEqual({ epoch: '3', note: 'größe "x"\n' });
    expect(back.storedDtypes.get('mask')).toBe('bool');
  });

  it('lays out what the format describes: length, padded JSON, aligned data without gaps', () => {
    const encoded = encodeSafetensors(sample);
    const headerBytes = Number(new DataView(encoded.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(encoded.subarray(8, 8 + headerBytes))) as Record<
      string,
      typeof one
    >;
    expect(header['conv.weight']).toEqual({ dtype: 'F32', shape: [2, 1, 1, 2], data_offsets: [0, 16] });
    expect(header.steps).toEqual({ dtype: 'I32', shape: [], data_offsets: [16, 20] });
    expect(header.mask).toEqual({ dtype: 'BOOL', shape: [3], data_offsets: [20, 23] });
    expect(header.pixels!.data_offsets).toEqual([23, 28]);
    expect(encoded.length).toBe(8 + headerBytes + 28);
  });

  it('identical input gives identical bytes, whatever the order of metadata', () => {
    const other = new Map([...sample].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));
    const a = encodeSafetensors(sample, { a: '1', b: '2' });
    expect(encodeSafetensors(other, { b: '2', a: '1' })).toEqual(a);
  });

  it('float64 evaluations are stored as float32', () => {
    const data = Float64Array.of(1 / 3);
    const back = parseSafetensors(encodeSafetensors(new Map([['x', { dtype: 'float32', shape: [1], data }]])));
    expect(back.tensors.get('x')!.data[0]).toBe(Math.fround(1 / 3));
  });

  it('refuses what could not be read back', () => {
    const tensor = tensorData('float32', [1], [1]);
    expect(refusal(() => encodeSafetensors(new Map([['__metadata__', tensor]]))).code).toBe('name');
    expect(refusal(() => encodeSafetensors(new Map([['x'.repeat(2000), tensor]]))).code).toBe('name');
    expect(refusal(() => encodeSafetensors(new Map([['x', { ...tensor, shape: [2] }]]))).code).toBe('shape');
  });

  it('property: any tensors survive', () => {
    const tensor = fc
      .tuple(
        fc.constantFrom('float32' as const, 'int32' as const, 'uint8' as const),
        fc.array(fc.nat(4), { maxLength: 4 }),
      )
      .map(([dtype, shape]) => {
        const size = shape.reduce((product, dimension) => product * dimension, 1);
        return tensorData(
          dtype,
          shape,
          Array.from({ length: size }, (_, i) => (i * 37) % 200),
        );
      });
    const names = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((name) => name !== '__metadata__');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name, maxLength: 8 }), (entries) => {
        expect([...parseSafetensors(encodeSafetensors(new Map(entries))).tensors]).toEqual(entries);
      }),
      { numRuns: 100 },
    );
  });
});

describe('files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nats-transfer-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('a written file is the encoded bytes, and no temporary file stays', async () => {
    const path = join(folder, 'weights.safetensors');
    await writeFile(path, 'what was there before');
    await writeSafetensors(path, sample, { epoch: '1' });
    expect(new Uint8Array(await readFile(path))).toEqual(encodeSafetensors(sample, { epoch: '1' }));
    expect(await readdir(folder)).toEqual(['weights.safetensors']);
    const back = await readWeights(path);
    expect(back.format).toBe('safetensors');
    expect([...back.tensors]).toEqual([...sample]);
  });

  it('large tensors are written whole', async () => {
    const path = join(folder, 'large.safetensors');
    const data = Float32Array.from({ length: 3_000_000 }, (_, i) => i);
    const tensors = new Map([...sample, ['large', { dtype: 'float32' as const, shape: [data.length], data }] as const]);
    await writeSafetensors(path, tensors);
    const back = (await readWeights(path)).tensors.get('large')!.data;
    expect(back.length === data.length && data.every((value, index) => value === back[index])).toBe(true);
    await rm(path);
  });

  it('a failure leaves the old file, no temporary file, and passes the IO error on', async () => {
    const target = join(folder, 'a-folder');
    await rm(target, { recursive: true, force: true });
    await import('node:fs/promises').then((fs) => fs.mkdir(join(target, 'inside'), { recursive: true }));
    await expect(writeSafetensors(target, sample)).rejects.toMatchObject({
      code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST|EPERM/),
    });
    await expect(writeSafetensors(join(folder, 'no', 'x'), sample)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const bad = new Map([['x', { dtype: 'float32' as const, shape: [2], data: new Float32Array(1) }]]);
    await expect(writeSafetensors(join(folder, 'weights.safetensors'), bad)).rejects.toMatchObject({ code: 'shape' });
    expect((await readWeights(join(folder, 'weights.safetensors'))).tensors.size).toBe(sample.size);
  });
});

describe('reading other types', () => {
  it('float16, bfloat16, float64, int64 and small integers', () => {
    const header = {
      half: { dtype: 'F16', shape: [4], data_offsets: [0, 8] },
      brain: { dtype: 'BF16', shape: [1], data_offsets: [8, 10] },
      tiny: { dtype: 'I8', shape: [2], data_offsets: [10, 12] },
      wide: { dtype: 'I64', shape: [1], data_offsets: [12, 20] },
    };
    // 1, -2, the smallest subnormal, infinity; 1; -1, 127; -5 (unaligned).
    const data = bytes([0, 0x3c, 0, 0xc0, 1, 0, 0, 0x7c, 0x80, 0x3f, 0xff, 0x7f], u64(BigInt.asUintN(64, -5n)));
    const { tensors } = parseSafetensors(file(header, data));
    expect([...tensors.get('half')!.data]).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY]);
    expect([...tensors.get('brain')!.data]).toEqual([1]);
    expect([...tensors.get('tiny')!.data]).toEqual([-1, 127]);
    expect([...tensors.get('wide')!.data]).toEqual([-5]);
  });

  it('float8', () => {
    const header = {
      e4m3: { dtype: 'F8_E4M3', shape: [5], data_offsets: [0, 5] },
      e5m2: { dtype: 'F8_E5M2', shape: [4], data_offsets: [5, 9] },
    };
    // 1, -448 (the largest), the smallest subnormal, 0, NaN; 1, -57344 (the largest), the smallest subnormal, infinity.
    const data = bytes([0x38, 0xfe, 1, 0, 0x7f, 0x3c, 0xfb, 1, 0x7c]);
    const { tensors, storedDtypes } = parseSafetensors(file(header, data));
    expect([...tensors.get('e4m3')!.data]).toEqual([1, -448, 2 ** -9, 0, Number.NaN]);
    expect([...tensors.get('e5m2')!.data]).toEqual([1, -57344, 2 ** -16, Number.POSITIVE_INFINITY]);
    expect(storedDtypes.get('e4m3')).toBe('float8_e4m3fn');
  });

  it('values that do not fit are refused by name', () => {
    const single = (dtype: string, value: bigint | number) => {
      const data = typeof value === 'bigint' ? u64(value) : new Uint8Array(Float64Array.of(value).buffer);
      return refusal(() => parseSafetensors(file({ x: { dtype, shape: [1], data_offsets: [0, 8] } }, data)));
    };
    expect(single('I64', 2n ** 31n).message).toMatch(/int64 2147483648 at element 0 of "x"/);
    expect(single('I64', BigInt.asUintN(64, -(2n ** 31n) - 1n)).message).toMatch(/-2147483649/);
    expect(single('U64', 2n ** 64n - 1n).message).toMatch(/18446744073709551615/);
    expect(single('F64', 1e300).message).toMatch(/float64 1e\+300/);
    expect(single('I64', 2n ** 31n).code).toBe('dtype');
  });

  it('types that are not read are named', () => {
    const error = refusal(() => parseSafetensors(file({ x: { dtype: 'F8_E8M0', shape: [0], data_offsets: [0, 0] } })));
    expect(error.code).toBe('unsupported');
    expect(error.message).toMatch(/F8_E8M0/);
  });
});

describe('hostile files', () => {
  it('truncated anywhere', () => {
    const whole = encodeSafetensors(sample, { a: 'b' });
    for (let length = 0; length < whole.length; length++) {
      malformedBy(() => parseSafetensors(whole.subarray(0, length)), /truncated|JSON|\[begin, end\]|UTF-8/);
    }
    malformedBy(() => parseSafetensors(bytes(whole, [0])), /belong to no tensor/);
  });

  it('absurd header lengths', () => {
    malformedBy(() => parseSafetensors(bytes(u64(2n ** 63n), '{}')), /maxHeaderBytes/);
    malformedBy(() => parseSafetensors(bytes(u64(1000), '{}')), /inside the file/);
    malformedBy(() => parseSafetensors(bytes(u64(0))), /JSON/);
  });

  it('absurd shapes and offsets', () => {
    const cases: [unknown, RegExp][] = [
      [{ ...one, shape: [2 ** 40] }, /as many bytes as its shape says/],
      [{ ...one, shape: [2 ** 30, 2 ** 30] }, /countable/],
      [{ ...one, shape: [2 ** 60, 0], data_offsets: [0, 0] }, /non-negative integer/],
      [{ ...one, shape: [-2] }, /non-negative integer/],
      [{ ...one, shape: [1.5] }, /non-negative integer/],
      [{ ...one, shape: ['2'] }, /non-negative integer/],
      [{ ...one, shape: Array(20).fill(1) }, /maxRank/],
      [{ ...one, shape: 2 }, /shape is an array/],
      [{ ...one, data_offsets: [8, 0] }, /\[begin, end\]/],
      [{ ...one, data_offsets: [-8, 0] }, /\[begin, end\]/],
      [{ ...one, data_offsets: [0] }, /\[begin, end\]/],
      [{ ...one, data_offsets: [0, 2 ** 52] }, /as many bytes as its shape says/],
      [{ ...one, data_offsets: [1e308, 1e308] }, /\[begin, end\]/],
      [{ ...one, dtype: 3 }, /dtype is a string/],
      ['text', /JSON object/],
      [null, /JSON object/],
    ];
    for (const [entry, pattern] of cases)
      malformedBy(() => parseSafetensors(file({ x: entry }, floats(1, 2))), pattern);
    expect(refusal(() => parseSafetensors(file({ x: { ...one, dtype: 'toString' } }, floats(1, 2)))).code).toBe(
      'unsupported',
    );
  });

  it('overlapping tensors, gaps, data outside the file', () => {
    const two = (begin: number) => ({ a: one, b: { ...one, data_offsets: [begin, begin + 8] } });
    malformedBy(() => parseSafetensors(file(two(4), floats(1, 2, 3))), /overlaps/);
    malformedBy(() => parseSafetensors(file(two(0), floats(1, 2))), /overlaps/);
    malformedBy(() => parseSafetensors(file(two(12), floats(1, 2, 3, 4, 5))), /gap/);
    malformedBy(() => parseSafetensors(file(two(8), floats(1, 2, 3))), /truncated/);
  });

  it('duplicate keys', () => {
    const text = `{"x":${JSON.stringify(one)},"x":${JSON.stringify(one)}}`;
    malformedBy(() => parseSafetensors(file(text, floats(1, 2))), /"x" twice/);
    const metadata = '{"__metadata__":{"a":"1","a":"2"}}';
    malformedBy(() => parseSafetensors(file(metadata)), /"a" twice/);
    const inside = '{"x":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}';
    malformedBy(() => parseSafetensors(file(inside, floats(1, 2))), /"dtype" twice/);
  });

  it('JSON that is not a header', () => {
    malformedBy(() => parseSafetensors(file('[]')), /JSON object/);
    malformedBy(() => parseSafetensors(file(`{"x":${'['.repeat(100)}${']'.repeat(100)}}`)), /maxJsonDepth/);
    malformedBy(() => parseSafetensors(file({ __metadata__: { a: 1 } })), /metadata value is a string/);
    malformedBy(() => parseSafetensors(file({ __metadata__: 'a' })), /object of strings/);
    malformedBy(() => parseSafetensors(bytes(u64(4), [0x7b, 0xff, 0xfe, 0x7d])), /UTF-8/);
  });

  it('keys of Object.prototype are names like any other', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty'];
    const tensors = new Map(names.map((name) => [name, tensorData('float32', [1], [1])]));
    const back = parseSafetensors(encodeSafetensors(tensors, { constructor: 'x' }));
    expect([...back.tensors.keys()]).toEqual(names);
    expect(back.metadata.constructor).toBe('x');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
