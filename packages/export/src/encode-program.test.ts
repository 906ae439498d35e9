import { fromBinary } from '@bufbuild/protobuf';
import * as g from '@nats/graph';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { lowerComposed } from './composed.js';
import { type EncodeOptions, encodeProgram, programModel, updateName } from './encode-program.js';
import { lower } from './lowering.js';
import { portableLowerings } from './lowerings/index.js';
import { readModel } from './read-model.js';
import { IR_VERSION, OPSET_VERSION, PRODUCER } from './versions.js';

const x = g.input('image', 'float32', ['N', 3]);
const scope = g.createScope();
const y = g.relu(g.linear(scope.child('fc'), x, 2));
const values = g.initialize(scope.spec, 1);
const program = g.createProgram({ outputs: { logits: y } });

/** Every value of a graph is made once, before it is used. */
function checkOrder(bytes: Uint8Array): void {
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  const made = new Set([...graph!.input, ...graph!.initializer].map(({ name }) => name));
  for (const { name, input, output } of graph!.node) {
    for (const value of input) if (value !== '') expect(made, `an input of ${name}`).toContain(value);
    for (const value of output) {
      expect(made).not.toContain(value);
      made.add(value);
    }
  }
  for (const { name } of graph!.output) expect(made).toContain(name);
}

function encode(outputs: Record<string, g.Tensor>, options: EncodeOptions = {}) {
  const bytes = encodeProgram(g.createProgram({ outputs }), options);
  checkOrder(bytes);
  return readModel(bytes);
}

describe('encodeProgram', () => {
  it('keeps names, with weights as initializers and a symbolic batch', () => {
    const bytes = encodeProgram(program, { values, name: 'classifier', metadata: { classes: '["a","b"]' } });
    checkOrder(bytes);
    const model = readModel(bytes);
    expect(model).toMatchObject({
      irVersion: IR_VERSION,
      opsets: { '': OPSET_VERSION },
      producer: PRODUCER,
      name: 'classifier',
      metadata: { classes: '["a","b"]' },
      inputs: [{ name: 'image', type: 'float32', shape: ['N', 3] }],
      outputs: [{ name: 'logits', type: 'float32', shape: ['N', 2] }],
    });
    expect(model.initializers).toContainEqual({ name: 'fc.weight', type: 'float32', shape: [2, 3] });
    expect(model.initializers).toContainEqual({ name: 'fc.bias', type: 'float32', shape: [2] });
  });

  it('writes the same bytes for the same program', () => {
    expect(encodeProgram(program, { values })).toEqual(encodeProgram(program, { values }));
  });

  it('writes values exactly', () => {
    const { graph } = programModel(program, { values });
    const proto = graph!.initializer.find(({ name }) => name === 'fc.weight')!;
    const bytes = new Uint8Array(values.get('fc.weight')!.data.buffer);
    expect(proto.rawData).toEqual(bytes);
    const wide = new Map([...values].map(([name, value]) => [name, { ...value, data: Float64Array.from(value.data) }]));
    expect(encodeProgram(program, { values: wide })).toEqual(encodeProgram(program, { values }));
  });

  it('makes variables without a value inputs, and updates outputs', () => {
    const w = g.variable('w', 'float32', [2]);
    const updates = new Map([
      ['w', g.add(w, 1)],
      ['copy', w],
    ]);
    const bytes = encodeProgram(g.createProgram({ outputs: { twice: g.multiply(w, 2) }, updates }));
    checkOrder(bytes);
    const model = readModel(bytes);
    expect(model.inputs.map(({ name }) => name)).toEqual(['w']);
    expect(model.outputs.map(({ name }) => name)).toEqual(['twice', updateName('w'), updateName('copy')]);
    expect(updateName('w')).toBe('w:next');
  });

  it('gives ends that are sources, constants or duplicates a name of their own', () => {
    const a = g.input('a', 'float32', [2]);
    const sum = g.add(a, 1);
    const model = encode({
      same: a,
      first: sum,
      second: sum,
      fixed: g.fill([2], 3),
      w: g.multiply(a, g.variable('v', 'float32', [2])),
    });
    expect(model.outputs.map(({ name }) => name)).toEqual(['same', 'first', 'second', 'fixed', 'w']);
    expect(model.operators).toEqual({ Identity: 3, Add: 1, Mul: 1 });
  });

  it('writes a program without ops', () => {
    const model = encode({ y: g.input('x', 'uint8', ['N', 4]) });
    expect(model.outputs).toEqual([{ name: 'y', type: 'uint8', shape: ['N', 4] }]);
    expect(model.opsets).toEqual({ '': OPSET_VERSION });
  });

  it('names values by their scope, each once, whatever else is called so', () => {
    const a = g.input('relu', 'float32', [2]);
    const twice = g.withScopePath('layer', () => g.exp(g.exp(g.relu(a))));
    const bytes = encodeProgram(g.createProgram({ outputs: { 'layer/exp': g.relu(twice) } }));
    checkOrder(bytes);
    const names = fromBinary(ModelProtoSchema, bytes).graph!.node.flatMap(({ output }) => output);
    expect(names).toEqual(['layer/relu', 'layer/exp_1', 'layer/exp_2', 'layer/exp']);
  });

  it('shares small constants, tells -0, NaN and dtypes apart', () => {
    const a = g.input('a', 'float32', [2]);
    const i = g.input('i', 'int32', [2]);
    const outputs = [0, -0, Number.NaN, 7].map((value) => g.maximum(g.exp(a), value));
    const model = encode({
      ...Object.fromEntries(outputs.map((tensor, k) => [`y${k}`, tensor])),
      again: g.minimum(a, 7),
      whole: g.minimum(i, 7),
    });
    expect(model.initializers).toHaveLength(5);
  });

  it('writes whole numbers and bytes as such', () => {
    const u = g.input('u', 'uint8', [2]);
    const { graph } = programModel(g.createProgram({ outputs: { y: g.pad(u, [[1, 0]], 114) } }));
    const fill = graph!.initializer.find(({ dims }) => dims.length === 0)!;
    expect([...fill.rawData]).toEqual([114]);
  });
});

describe('refusals', () => {
  it('an op without a lowering, with its scope', () => {
    const odd = g.defineOp<Record<never, never>>({ name: 'odd', infer: ([a]) => [a!], evaluate: ([a]) => [a!] });
    const tensor = g.withScopePath('head', () => g.apply(odd, [x], {}));
    const create = () => encode({ y: tensor });
    expect(create).toThrow(/head.*received odd.*has a lowering to ONNX/);
    expect(create).toThrow(expect.objectContaining({ code: 'unsupported' }));
    const identity = lower(odd, ({ builder, inputs, outputs }) => void builder.node('Identity', inputs, {}, outputs));
    expect(encode({ y: tensor }, { lowerings: [identity] }).operators).toEqual({ Identity: 1 });
  });

  it('values that are not those of their variables', () => {
    const wrong = new Map([['fc.weight', g.tensorData('float32', [3, 2], new Float32Array(6))]]);
    expect(() => encodeProgram(program, { values: wrong })).toThrow(
      /fc.weight.*received float32\[3, 2\].*dtype and shape.*; float32\[2, 3\]/,
    );
  });

  it('a new value whose name is taken', () => {
    const w = g.variable('w', 'float32', []);
    const updates = new Map([['w', g.add(w, 1)]]);
    const clash = g.createProgram({ outputs: { 'w:next': g.exp(w) }, updates });
    expect(() => encodeProgram(clash)).toThrow(expect.objectContaining({ code: 'name' }));
  });
});

describe('composed lowerings', () => {
  const double = g.defineOp<{ readonly by: number }, [a: g.Tensor], [g.Tensor, g.Tensor]>({
    name: 'double',
    infer: ([a]) => [a, a],
    evaluate: ([a]) => [a, a],
  });
  const applied = (a: g.Tensor) => g.withScopePath('stem', () => g.applyAll(double, [a], { by: 3 }));

  it('are written in place, simplified, with the names of the op', () => {
    const [first, second] = applied(g.exp(g.input('a', 'float32', [2])));
    const rule = lowerComposed(double, ([a], { by }) => [g.add(g.multiply(a, by), 0), g.negate(a)]);
    const model = encode({ z: g.add(first, second) }, { lowerings: [rule] });
    expect(model.operators).toEqual({ Add: 1, Exp: 1, Mul: 1, Neg: 1 });
  });

  it('may pass an input or a constant on, or give one tensor twice', () => {
    const [first, second] = applied(g.exp(g.input('a', 'float32', [2])));
    const same = lowerComposed(double, ([a]) => [a, a]);
    expect(encode({ first, second }, { lowerings: [same] }).operators).toEqual({ Identity: 2, Exp: 1 });
    const computed = lowerComposed(double, ([a]) => {
      const b = g.exp(a);
      return [b, b];
    });
    expect(encode({ first, second }, { lowerings: [computed] }).operators).toEqual({ Exp: 2, Identity: 1 });
    const fixed = lowerComposed(double, () => [g.fill([2], 1), g.fill([2], 2)]);
    expect(encode({ first, second }, { lowerings: [fixed] }).operators).toEqual({ Identity: 2, Exp: 1 });
  });
});

it('every op has a lowering', () => {
  const ops = Object.values(g).flatMap((value) =>
    typeof value === 'object' && value !== null && 'infer' in value && 'evaluate' in value ? [value.name] : [],
  );
  const written = [...portableLowerings.map(({ op }) => op), 'input', 'variable', 'constant'];
  expect(ops.filter((name) => !written.includes(name))).toEqual([]);
});
