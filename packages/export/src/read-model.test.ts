import { create, toBinary } from '@bufbuild/protobuf';
import { createProgram, input, NatsError, relu } from '@nats/graph';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { encodeProgram } from './encode-program.js';
import { readModel } from './read-model.js';

const bytes = encodeProgram(createProgram({ outputs: { y: relu(input('x', 'float32', ['N', 3])) } }));

describe('readModel', () => {
  it('describes', () => {
    expect(readModel(bytes)).toEqual({
      irVersion: 8,
      opsets: { '': 17 },
      producer: '@nats/export',
      name: 'nats',
      inputs: [{ name: 'x', type: 'float32', shape: ['N', 3] }],
      outputs: [{ name: 'y', type: 'float32', shape: ['N', 3] }],
      initializers: [],
      metadata: {},
      operators: { Relu: 1 },
    });
  });

  it('knows other files: inputs with values, other types and domains, missing shapes', () => {
    const tensor = (elemType: number, dim?: { value: { case: 'dimValue'; value: bigint } }[]) => ({
      value: { case: 'tensorType' as const, value: { elemType, ...(dim && { shape: { dim } }) } },
    });
    const model = create(ModelProtoSchema, {
      irVersion: 3n,
      opsetImport: [
        { domain: '', version: 9n },
        { domain: 'com.example', version: 2n },
      ],
      graph: {
        input: [
          { name: 'w', type: tensor(1) },
          { name: 'h', type: tensor(10) },
          { name: 'd', type: tensor(11, []) },
        ],
        output: [{ name: 's', type: { value: { case: 'sequenceType', value: {} } } }, { name: 'u' }],
        initializer: [{ name: 'w', dataType: 7, dims: [2n, 3n] }],
        node: [{ opType: 'A', domain: 'com.example' }, { opType: 'B' }, { opType: 'B' }],
      },
    });
    expect(readModel(toBinary(ModelProtoSchema, model))).toMatchObject({
      opsets: { '': 9, 'com.example': 2 },
      inputs: [
        { name: 'h', type: 'float16', shape: undefined },
        { name: 'd', type: 'float64', shape: [] },
      ],
      outputs: [
        { name: 's', type: 'sequence' },
        { name: 'u', type: 'unknown' },
      ],
      initializers: [{ name: 'w', type: 'int64', shape: [2, 3] }],
      operators: { B: 2, 'com.example.A': 1 },
    });
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['text', new TextEncoder().encode('this is no model')],
    ['a truncated file', bytes.subarray(0, bytes.length - 5)],
  ])('refuses %s', (_, wrong) => {
    const read = () => readModel(wrong, 'a.onnx');
    expect(read).toThrow(NatsError);
    expect(read).toThrow(expect.objectContaining({ code: 'malformed' }));
    expect(read).toThrow(/a\.onnx/);
  });
});
