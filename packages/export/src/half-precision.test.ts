import { fromBinary } from '@bufbuild/protobuf';
import * as g from '@nats/graph';
import { type ModelProto, ModelProtoSchema, type NodeProto } from 'onnx-buf';
import { expect, test } from 'vitest';
import { elementTypes } from './element-types.js';
import { encodeProgram } from './encode-program.js';
import { float16Value } from './float16.js';

const [FLOAT, FLOAT16] = [1, 10];

function halfModel(outputs: Record<string, g.Tensor>, values: ReadonlyMap<string, g.TensorData>): ModelProto {
  const program = g.createProgram({ outputs });
  const model = fromBinary(ModelProtoSchema, encodeProgram(program, { values, precision: 'float16' }));
  expectTyped(model);
  return model;
}

/** Every value is made before it is read and is read or given; of a node's floats all have one type; no Cast undoes another. */
function expectTyped({ graph }: ModelProto): void {
  const { node: nodes, initializer, input, output } = graph!;
  const types = elementTypes(nodes, initializer, input);
  const made = new Set([...input, ...initializer].map(({ name }) => name));
  const casts = new Map(nodes.filter(({ opType }) => opType === 'Cast').map((node) => [node.output[0]!, node]));
  for (const node of nodes) {
    const read = node.input.filter((value) => value !== '');
    expect([...made], node.name).toEqual(expect.arrayContaining(read));
    for (const value of node.output) {
      expect(made).not.toContain(value);
      made.add(value);
    }
    const floats = read.filter((_, i) => node.opType !== 'Resize' || i === 0).map((value) => types.get(value)!);
    expect(new Set(floats.filter((type) => type === FLOAT || type === FLOAT16)).size, node.name).toBeLessThan(2);
    const before = node.opType === 'Cast' ? casts.get(node.input[0]!) : undefined;
    const undone = before && [before.input[0]!, node.output[0]!].map((value) => types.get(value));
    expect(undone ?? [], node.name).not.toContain(FLOAT16);
  }
  const read = new Set([...nodes.flatMap((node) => node.input), ...output.map(({ name }) => name)]);
  expect([...casts.keys()].filter((value) => !read.has(value))).toEqual([]);
  expect(initializer.map(({ name }) => name).filter((name) => !read.has(name))).toEqual([]);
  for (const { name, type } of output) {
    expect(type!.value.case === 'tensorType' && type!.value.value.elemType).toBe(types.get(name));
  }
}

/** Ops of nodes that give float16, and of those that give float32. */
function ops({ graph }: ModelProto) {
  const types = elementTypes(graph!.node, graph!.initializer, graph!.input);
  const of = (type: number) => graph!.node.filter((n) => types.get(n.output[0]!) === type).map((n) => n.opType);
  return { half: of(FLOAT16), full: of(FLOAT) };
}

const image = g.input('image', 'float32', ['N', 3, 8, 8]);
const scope = g.createScope();
const conv = (name: string, x: g.Tensor, channels = 4) =>
  g.convolution(scope.child(name), x, { channels, kernel: 3, padding: 1, bias: true });
const normalized = g.multiply(g.subtract(image, 0.5), 4);
const stem = g.relu(conv('stem', normalized));
const pooled = g.maxPool2d(stem, { kernel: 2, stride: 2 });
const block = g.relu(g.add(pooled, conv('block', pooled)));
const logits = g.reshape(conv('head', block, 2), ['N', 32]);
const scores = g.sigmoid(logits);
const values = g.initialize(scope.spec, 1);

test('from the first convolution to the last: between them float16, around them float32, cast once each', () => {
  const model = halfModel({ scores }, values);
  const { half, full } = ops(model);
  expect(half).toEqual(['Cast', 'Conv', 'Relu', 'MaxPool', 'Conv', 'Add', 'Relu', 'Conv']);
  expect(full).toEqual(['Sub', 'Mul', 'Cast', 'Reshape', 'Sigmoid']);
});

test('weights keep their names, and are the nearest float16; what float32 nodes read stays as it is', () => {
  const { graph } = halfModel({ scores }, values);
  const weights = graph!.initializer.filter(({ dataType }) => dataType === FLOAT16);
  expect(weights.map(({ name }) => name).sort()).toEqual([...values.keys()].sort());
  for (const { name, rawData } of weights) {
    const { data } = values.get(name)!;
    const bits = new Uint16Array(rawData.slice().buffer);
    expect(bits).toHaveLength(data.length);
    for (const [i, value] of data.entries()) {
      expect(Math.abs(float16Value(bits[i]!) - value)).toBeLessThanOrEqual(Math.abs(value) / 2 ** 11 + 2 ** -25);
    }
  }
  expect(graph!.initializer.filter(({ dataType }) => dataType === FLOAT)).toHaveLength(2);
});

test('outputs that are read on, twice, or made by a convolution keep names and types', () => {
  const model = halfModel({ stem, again: stem, block, last: conv('head', block, 2), scores }, values);
  expect(model.graph!.output.map(({ name }) => name)).toEqual(['stem', 'again', 'block', 'last', 'scores']);
  expect(model.graph!.node.filter(({ opType }) => opType === 'Cast')).toHaveLength(4);
});

test('one weight that both kinds of nodes read stands there twice', () => {
  const own = g.createScope();
  const weight = own.parameter('weight', [4, 3, 1, 1], { kind: 'constant', value: 0.25 });
  const y = g.conv2d(image, weight, { padding: 0 });
  const { graph } = halfModel({ y, norm: g.reduceSum(g.square(weight)) }, g.initialize(own.spec, 1));
  expect(graph!.initializer.map(({ name, dataType }) => [name, dataType])).toEqual(
    expect.arrayContaining([
      ['weight', FLOAT],
      ['weight/float16', FLOAT16],
    ]),
  );
});

test('norms that are not folded, and all that leaves the range of float16, stay float32', () => {
  const own = g.createScope();
  const first = g.convolution(own.child('a'), image, { channels: 4, kernel: 1 });
  const norm = g.groupNorm(own.child('norm'), first, 2);
  const y = g.convolution(own.child('b'), g.exp(g.relu(norm)), { channels: 4, kernel: 1 });
  const { half, full } = ops(halfModel({ y }, g.initialize(own.spec, 1)));
  expect(half.filter((op) => op !== 'Cast')).toEqual(['Conv', 'Conv']);
  expect(full).toContain('ReduceSum');
  expect(full).toContain('Exp');
});

test('a Cast from whole numbers goes to float16 at once, and one to whole numbers comes from it', () => {
  const own = g.createScope();
  const pixels = g.cast(g.input('pixels', 'uint8', ['N', 3, 8, 8]), 'float32');
  const map = g.convolution(own.child('a'), pixels, { channels: 4, kernel: 1 });
  const next = g.convolution(own.child('b'), map, { channels: 4, kernel: 1 });
  const { graph } = halfModel({ whole: g.cast(map, 'int32'), next }, g.initialize(own.spec, 1));
  const casts = graph!.node.filter(({ opType }) => opType === 'Cast');
  expect(casts.map(({ input }) => input[0])).toEqual(['pixels', expect.anything(), expect.anything()]);
  expect(casts.map((node) => Number(node.attribute[0]!.i)).sort()).toEqual([FLOAT, FLOAT16, 6].sort());
});

test('matrix products with weights that are turned are half; those of two activations and whole graphs without weights are not', () => {
  const own = g.createScope();
  const x = g.input('x', 'float32', ['N', 5, 4]);
  const hidden = g.relu(g.linear(own.child('a'), x, 6));
  const y = g.linear(own.child('b'), hidden, 4);
  const model = halfModel({ y, alike: g.matMul(y, y, { transposeB: true }) }, g.initialize(own.spec, 1));
  const { half, full } = ops(model);
  expect(half.filter((op) => op === 'MatMul')).toHaveLength(2);
  expect(full.filter((op) => op === 'MatMul')).toHaveLength(1);
  expect(ops(halfModel({ z: g.matMul(x, x, { transposeB: true }) }, new Map())).half).toEqual([]);
});

test('a weight beyond 65504 is an error that names it; infinities, and what is nearly nothing, are not', () => {
  const changed = (value: number) => {
    const weight = values.get('block.weight')!;
    const data = Float32Array.from(weight.data);
    data[7] = value;
    return new Map([...values, ['block.weight', { ...weight, data }]]);
  };
  const nodes = (value: number): readonly NodeProto[] => halfModel({ scores }, changed(value)).graph!.node;
  expect(() => nodes(-70000)).toThrow(/block\.weight: received -70000, but .*float16 is at most 65504.*float32/);
  expect(() => nodes(65520)).toThrow(expect.objectContaining({ code: 'state' }));
  for (const value of [65504, Number.NEGATIVE_INFINITY, 1e-30, 1e-7]) expect(nodes(value).length).toBeGreaterThan(8);
});

test('a batch norm is folded before its variance could vanish in float16', () => {
  const own = g.createScope();
  const y = g.relu(g.batchNorm(own.child('bn'), g.convolution(own.child('conv'), image, { channels: 4, kernel: 1 })));
  const started = g.initialize(own.spec, 1);
  const variance = started.get('bn.running_var')!;
  // 1e-9 is 0 in float16, and so is the epsilon of 1e-5 beside 1.
  const tiny = new Map([...started, ['bn.running_var', { ...variance, data: variance.data.map(() => 1e-9) }]]);
  const { program, values: folded } = g.foldBatchNorm(g.createProgram({ outputs: { y } }), tiny);
  const model = fromBinary(ModelProtoSchema, encodeProgram(program, { values: folded, precision: 'float16' }));
  expectTyped(model);
  expect(model.graph!.node.map(({ opType }) => opType)).not.toContain('Sqrt');
  const weight = model.graph!.initializer.find(({ dataType, dims }) => dataType === FLOAT16 && dims.length === 4)!;
  const largest = Math.max(
    ...[...new Uint16Array(weight.rawData.slice().buffer)].map((bits) => Math.abs(float16Value(bits))),
  );
  const unfolded = Math.max(...[...started.get('conv.weight')!.data].map(Math.abs));
  expect(largest / unfolded).toBeCloseTo(1 / Math.sqrt(1e-5 + 1e-9), -1);
});
