import { create, toBinary } from '@bufbuild/protobuf';
import { hash32 } from '@nats/graph';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { DecodedImage } from './decoded-image.js';
import { placeImage } from './placement.js';
import { resizeInto } from './resize.js';

function noise(channels: number, height: number, width: number, seed = 1): DecodedImage {
  const pixels = Uint8Array.from({ length: channels * height * width }, (_, i) => hash32(seed, i) & 255);
  return { channels, height, width, pixels };
}

function resized(image: DecodedImage, width: number, height: number): Uint8Array {
  return placeImage(image, { x: 0, y: 0, width, height, scaleX: 1, scaleY: 1 }, [height, width]).pixels;
}

const text = (name: string, value: string): AttributeProto =>
  create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });

/** Resize (linear, half_pixel, to sizes) and Round: what an exported model does. */
function resizeModel(shape: readonly number[], sizes: readonly number[]): Uint8Array {
  const info = (name: string) =>
    create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, {
        value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType: DataType.FLOAT }) },
      }),
    });
  const node = (opType: string, input: string[], output: string[], attribute: AttributeProto[] = []) =>
    create(NodeProtoSchema, { opType, input, output, attribute });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(OperatorSetIdProtoSchema, { version: 17n })],
    graph: create(GraphProtoSchema, {
      name: `resize ${shape.join('x')}`,
      node: [
        node(
          'Resize',
          ['x', '', '', 'sizes'],
          ['r'],
          [text('mode', 'linear'), text('coordinate_transformation_mode', 'half_pixel')],
        ),
        node('Round', ['r'], ['y']),
      ],
      initializer: [
        create(TensorProtoSchema, {
          name: 'sizes',
          dataType: DataType.INT64,
          dims: [4n],
          int64Data: sizes.map(BigInt),
        }),
      ],
      input: [info('x')],
      output: [info('y')],
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

async function onnxResized(image: DecodedImage, width: number, height: number): Promise<Uint8Array> {
  const shape = [1, image.channels, image.height, image.width];
  const session = await InferenceSession.create(resizeModel(shape, [1, image.channels, height, width]));
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(image.pixels), shape) });
  await session.release();
  return Uint8Array.from(y!.data as Float32Array);
}

describe('bilinear resize', () => {
  test.each([
    [3, 48, 64, 32, 24],
    [3, 48, 64, 100, 75],
    [1, 37, 53, 128, 90],
    [3, 120, 90, 41, 17],
    [3, 64, 64, 63, 65],
    [1, 1, 5, 13, 4],
    [2, 7, 1, 1, 1],
  ])('of %i x %i x %i to %i x %i gives the pixels of ONNX Resize and Round', async (channels, height, width, w, h) => {
    const image = noise(channels, height, width, width);
    expect(resized(image, w, h)).toEqual(await onnxResized(image, w, h));
  });

  test('halves a row by averages of pairs, halves to even', () => {
    const image = { channels: 1, height: 1, width: 6, pixels: Uint8Array.of(0, 1, 2, 3, 10, 200) };
    expect([...resized(image, 3, 1)]).toEqual([0, 2, 105]);
  });

  test('doubles with half-pixel centers, clamped at the border', () => {
    const image = { channels: 1, height: 1, width: 2, pixels: Uint8Array.of(0, 100) };
    expect([...resized(image, 4, 1)]).toEqual([0, 25, 75, 100]);
  });

  test('to the same size is a copy', () => {
    const image = noise(3, 9, 11);
    expect(resized(image, 11, 9)).toEqual(image.pixels);
  });

  test('of a window gives that part of the whole', () => {
    const image = noise(1, 20, 30);
    const whole = resized(image, 45, 31);
    const part = new Uint8ClampedArray(7 * 5);
    const target = { data: part, offset: 0, stride: 7, planeStride: 35 };
    resizeInto(image, { width: 45, height: 31 }, { x: 11, y: 3, width: 7, height: 5 }, target);
    for (let y = 0; y < 5; y++) {
      expect([...part.subarray(y * 7, y * 7 + 7)]).toEqual([...whole.subarray((y + 3) * 45 + 11, (y + 3) * 45 + 18)]);
    }
  });
});
