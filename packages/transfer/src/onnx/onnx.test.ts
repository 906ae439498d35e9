import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type TensorProtoSchema,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { bytes, floats } from '../../test/helpers/bytes.js';
import { malformedBy, refusal } from '../../test/helpers/errors.js';
import { onnxExternalFiles, parseOnnx } from './index.js';

/** Fields alone, not a message that was made already. */
type Fields<T> = Exclude<T, { readonly $typeName: string }>;
type TensorInit = Fields<MessageInitShape<typeof TensorProtoSchema>>;
type GraphInit = Fields<MessageInitShape<typeof GraphProtoSchema>>;

const { FLOAT, INT64, BFLOAT16, UINT64, UINT32, STRING, COMPLEX64 } = TensorProto_DataType;

function model(initializer: TensorInit[], graph: GraphInit = {}): Uint8Array {
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 10n, graph: { ...graph, initializer } }));
}

const x: TensorInit = { name: 'x', dataType: FLOAT, dims: [2n], rawData: floats(1, 2) };

/** A protobuf field of wire type 2. */
function lengthDelimited(number: number, content: Uint8Array): Uint8Array {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
  return bytes(varint(number * 8 + 2), varint(content.length), content);
}

describe('reading', () => {
  it('types that python’s helper does not write: bfloat16, uint32 and uint64 in typed fields', () => {
    const { tensors } = parseOnnx(
      model([
        { name: 'brain', dataType: BFLOAT16, dims: [1n], int32Data: [0x3f80] },
        { name: 'wide', dataType: UINT64, dims: [2n], uint64Data: [7n, 2n ** 31n - 1n] },
        { name: 'middle', dataType: UINT32, dims: [1n], uint64Data: [9n] },
      ]),
    );
    expect([...tensors.get('brain')!.data]).toEqual([1]);
    expect([...tensors.get('wide')!.data]).toEqual([7, 2 ** 31 - 1]);
    expect([...tensors.get('middle')!.data]).toEqual([9]);
  });

  it('unpacked values, as proto2 writers leave them', () => {
    const values = [...floats(1.5), ...floats(2.5)];
    const unpacked = bytes([0x25], values.slice(0, 4), [0x25], values.slice(4));
    const tensor = bytes([0x08, 2, 0x10, 1], unpacked, [0x42, 1, 0x78]);
    const file = lengthDelimited(7, lengthDelimited(5, tensor));
    expect([...parseOnnx(file).tensors.get('x')!.data]).toEqual([1.5, 2.5]);
  });

  it('nodes are passed over, whatever is in them', () => {
    const node = lengthDelimited(1, bytes([0x0a, 1, 0x61]));
    const graph = bytes(
      ...Array<Uint8Array>(1000).fill(node),
      lengthDelimited(5, bytes([0x08, 0, 0x10, 1, 0x42, 1, 0x78])),
    );
    expect([...parseOnnx(lengthDelimited(7, graph)).tensors.keys()]).toEqual(['x']);
  });

  it('external data, at an offset', () => {
    const external = (entries: Record<string, string>): TensorInit => ({
      name: 'x',
      dataType: FLOAT,
      dims: [2n],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    });
    const file = model([external({ location: 'w.bin', offset: '4', length: '8' })]);
    expect(onnxExternalFiles(file)).toEqual(['w.bin']);
    const read = (content: Uint8Array, entries = { location: 'w.bin', offset: '4', length: '8' }) =>
      parseOnnx(model([external(entries)]), { externalData: new Map([['w.bin', content]]) });
    expect([...read(floats(0, 1, 2)).tensors.get('x')!.data]).toEqual([1, 2]);
    malformedBy(() => read(floats(0, 1)), /inside its file/);
    malformedBy(() => read(floats(0, 1, 2), { location: 'w.bin', offset: '4', length: '4' }), /as many bytes/);
    malformedBy(() => read(floats(0, 1, 2), { location: 'w.bin', offset: '-4', length: '8' }), /byte count/);
    malformedBy(
      () => read(floats(0, 1, 2), { location: 'w.bin', offset: '999999999999', length: '8' }),
      /inside its file/,
    );
    expect(refusal(() => parseOnnx(file)).message).toMatch(/externalData/);
  });
});

describe('hostile files', () => {
  it('truncated anywhere', async () => {
    const whole = new Uint8Array(
      await readFile(fileURLToPath(new URL('../fixtures/initializers.onnx', import.meta.url))),
    );
    for (let length = 0; length < whole.length; length++) {
      // A message may end between fields: what follows the graph (metadata) can be missing unnoticed.
      try {
        expect(parseOnnx(whole.subarray(0, length)).tensors.size).toBe(13);
      } catch (error) {
        expect(error).toHaveProperty('name', 'NatsError');
      }
    }
    malformedBy(() => parseOnnx(whole.subarray(0, 300)), /inside its message/);
  });

  it('any byte changed gives weights or a typed error', async () => {
    const whole = new Uint8Array(
      await readFile(fileURLToPath(new URL('../fixtures/initializers.onnx', import.meta.url))),
    );
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x08, 0x80, 0xff]) {
        const changed = whole.slice();
        changed[at] = changed[at]! ^ flip;
        try {
          parseOnnx(changed);
        } catch (error) {
          expect(error).toHaveProperty('name', 'NatsError');
        }
      }
    }
  });

  it('absurd dimensions', () => {
    const dims =
      (...values: bigint[]) =>
      () =>
        parseOnnx(model([{ ...x, dims: values }]));
    malformedBy(dims(2n ** 40n), /as many bytes/);
    malformedBy(dims(2n ** 62n), /non-negative integer/);
    malformedBy(dims(2n ** 40n, 2n ** 40n), /countable/);
    malformedBy(dims(-2n), /non-negative integer/);
    malformedBy(dims(...Array<bigint>(100).fill(1n)), /maxRank/);
    malformedBy(dims(3n), /as many bytes/);
    malformedBy(
      () => parseOnnx(model([{ name: 'x', dataType: FLOAT, dims: [2n ** 40n], floatData: [1] }])),
      /as many values/,
    );
    malformedBy(
      () => parseOnnx(model([{ name: 'x', dataType: INT64, dims: [2n], int64Data: [1n, 2n, 3n] }])),
      /as many values/,
    );
    malformedBy(() => parseOnnx(model([{ name: 'x', dataType: FLOAT, dims: [2n] }])), /as many values/);
  });

  it('names twice, too many tensors', () => {
    malformedBy(() => parseOnnx(model([x, x])), /occurs once/);
    malformedBy(() => parseOnnx(model([x, { ...x, name: 'y' }]), { limits: { maxTensors: 1 } }), /maxTensors/);
    malformedBy(() => parseOnnx(model([{ ...x, name: 'n'.repeat(2000) }])), /maxNameBytes/);
  });

  it('protobuf that is not ONNX', () => {
    malformedBy(() => parseOnnx(bytes([0x0b])), /wire type/);
    malformedBy(() => parseOnnx(bytes([0x08], Array<number>(11).fill(0x80))), /at most 10 bytes/);
    malformedBy(() => parseOnnx(bytes([0x08, 0x80])), /ends inside/);
    malformedBy(() => parseOnnx(bytes([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f])), /inside its message/);
    malformedBy(() => parseOnnx(bytes([0x00, 0x00])), /has a number/);
    malformedBy(() => parseOnnx(bytes([0x08, 1])), /has a graph/);
    malformedBy(() => parseOnnx(bytes([0x38, 1])), /has a length/);
    const two = lengthDelimited(7, new Uint8Array(0));
    malformedBy(() => parseOnnx(bytes(two, two)), /one graph/);
  });

  it('what is not read', () => {
    const code = (tensor: TensorInit, graph?: GraphInit) => refusal(() => parseOnnx(model([tensor], graph))).code;
    expect(code({ name: 'x', dataType: STRING, dims: [1n], stringData: [bytes('a')] })).toBe('unsupported');
    expect(code({ name: 'x', dataType: COMPLEX64, dims: [1n] })).toBe('unsupported');
    expect(code({ ...x, segment: { begin: 0n, end: 1n } })).toBe('unsupported');
    expect(code(x, { sparseInitializer: [{ dims: [2n] }] })).toBe('unsupported');
    expect(code({ name: 'x', dataType: INT64, dims: [1n], int64Data: [2n ** 40n] })).toBe('dtype');
  });
});
