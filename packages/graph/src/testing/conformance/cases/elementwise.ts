import * as binary from '../../../ops/binary.js';
import { cast, stopGradient } from '../../../ops/cast.js';
import * as logic from '../../../ops/logic.js';
import { select } from '../../../ops/select.js';
import * as unary from '../../../ops/unary.js';
import { seedOf } from '../../../random.js';
import type { Tensor } from '../../../tensor.js';
import { type DType, type TensorData, tensorData } from '../../../tensor-data.js';
import { hashed, hashedIntegers, hashedUniform } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1.5, -2.5];
const specials = tensorData('float32', [SPECIAL.length], SPECIAL);
/** All pairs of special values. */
const left = tensorData('float32', [SPECIAL.length, 1], SPECIAL);
const right = tensorData('float32', [1, SPECIAL.length], SPECIAL);

const integers = (name: string, shape: readonly number[]) => {
  const labels = hashedIntegers(shape, seedOf(1, name), 9);
  return { ...labels, data: labels.data.map((value) => value - 4) };
};
/** 1 to 9, for divisors. */
const positiveIntegers = (name: string, shape: readonly number[]) => {
  const labels = hashedIntegers(shape, seedOf(2, name), 9);
  return { ...labels, data: labels.data.map((value) => value + 1) };
};
const bools = (name: string, shape: readonly number[]): TensorData => ({
  ...hashedIntegers(shape, seedOf(1, name), 2),
  dtype: 'bool',
  data: Uint8Array.from(hashedIntegers(shape, seedOf(1, name), 2).data),
});

type Range = readonly [number, number];
/** Where each op is defined and smooth. */
const UNARY: Readonly<Record<string, readonly [(x: Tensor) => Tensor, Range]>> = {
  negate: [unary.negate, [-3, 3]],
  abs: [unary.abs, [-3, 3]],
  sign: [unary.sign, [-3, 3]],
  floor: [unary.floor, [-3, 3]],
  ceil: [unary.ceil, [-3, 3]],
  round: [unary.round, [-3, 3]],
  exp: [unary.exp, [-4, 4]],
  log: [unary.log, [0.1, 5]],
  sqrt: [unary.sqrt, [0.1, 5]],
  reciprocal: [unary.reciprocal, [0.2, 5]],
  square: [unary.square, [-3, 3]],
  sigmoid: [unary.sigmoid, [-6, 6]],
  tanh: [unary.tanh, [-4, 4]],
  softplus: [unary.softplus, [-6, 6]],
  relu: [unary.relu, [-3, 3]],
  atan: [unary.atan, [-6, 6]],
  clip: [(x) => unary.clip(x, -1, 2), [-3, 3]],
  step: [unary.step, [-3, 3]],
  nanMask: [logic.nanMask, [-3, 3]],
  finiteMask: [logic.finiteMask, [-3, 3]],
};

function unaryCases(): ConformanceCase[] {
  return Object.entries(UNARY).flatMap(([name, [op, [low, high]]]): ConformanceCase[] => {
    const isMask = name.endsWith('Mask');
    const build = ({ x }: { readonly x?: Tensor }) => ({ y: op(x!) });
    const values = (shape: readonly number[]) => ({ x: hashedUniform(shape, seedOf(1, name), low, high) });
    const none = isMask ? { gradientsOf: [] } : {};
    return [
      { name: `${name}`, inputs: values([3, 4, 5]), build, ...none },
      { name: `${name} of a scalar`, inputs: values([]), build, ...none },
      { name: `${name} of nothing`, inputs: values([0, 3]), build, ...none },
      {
        name: `${name} of NaN and infinities`,
        inputs: { x: specials },
        build,
        gradientsOf: [],
      },
    ];
  });
}

type Binary = (a: Tensor, b: Tensor) => Tensor;
const ARITHMETIC: Readonly<Record<string, readonly [Binary, Range]>> = {
  add: [binary.add, [-2, 2]],
  subtract: [binary.subtract, [-2, 2]],
  multiply: [binary.multiply, [-2, 2]],
  divide: [binary.divide, [0.5, 2]],
  power: [binary.power, [0.5, 2]],
  maximum: [binary.maximum, [-2, 2]],
  minimum: [binary.minimum, [-2, 2]],
};
const COMPARISONS: Readonly<Record<string, Binary>> = {
  equal: binary.equal,
  notEqual: logic.notEqual,
  greater: binary.greater,
  greaterEqual: binary.greaterEqual,
  less: binary.less,
  lessEqual: binary.lessEqual,
};

/** Every kind of broadcasting: none, leading axes, size 1 on either side, both sides at once, scalars, nothing. */
const SHAPES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3, 4], [4]],
  [[4], [2, 3, 4]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [[2, 3], []],
  [[], [2, 3]],
  [[], []],
  [[1, 1], [3]],
  [
    [0, 3],
    [1, 3],
  ],
  [
    [1, 3],
    [0, 3],
  ],
];

function binaryCases(): ConformanceCase[] {
  const arithmetic = Object.entries(ARITHMETIC).flatMap(([name, [op, [low, high]]]) =>
    SHAPES.map(([a, b]): ConformanceCase => {
      const draw = (side: string, shape: readonly number[]) =>
        hashedUniform(shape, seedOf(1, `${name} ${side}`), low, high);
      return {
        name: `${name} of [${a}] and [${b}]`,
        inputs: { a: draw('a', a), b: draw('b', b) },
        build: ({ a, b }) => ({ y: op(a!, b!) }),
      };
    }),
  );
  const special = Object.entries({ ...ARITHMETIC, ...COMPARISONS })
    .filter(([name]) => name !== 'power')
    .map(([name, entry]): ConformanceCase => {
      const op = typeof entry === 'function' ? entry : entry[0];
      return {
        name: `${name} of NaN and infinities`,
        inputs: { a: left, b: right },
        build: ({ a, b }) => ({ y: op(a!, b!) }),
        gradientsOf: [],
      };
    });
  const whole = Object.entries({ ...ARITHMETIC, ...COMPARISONS })
    .filter(([name]) => name !== 'power')
    .flatMap(([name, entry]): ConformanceCase[] => {
      const op = typeof entry === 'function' ? entry : entry[0];
      const build: ConformanceCase['build'] = ({ a, b }) => ({ y: op(a!, b!) });
      return [
        { name: `${name} of int32`, inputs: { a: integers('a', [4, 5]), b: positiveIntegers('b', [5]) }, build },
        {
          name: `${name} of int32, nothing`,
          inputs: { a: integers('a', [0, 5]), b: positiveIntegers('b', [5]) },
          build,
        },
      ];
    });
  return [...arithmetic, ...special, ...whole];
}

function logicCases(): ConformanceCase[] {
  const two = { a: bools('a', [2, 3]), b: bools('b', [3]) };
  return [
    { name: 'and', inputs: two, build: ({ a, b }) => ({ y: binary.and(a!, b!) }) },
    { name: 'or', inputs: two, build: ({ a, b }) => ({ y: binary.or(a!, b!) }) },
    { name: 'exclusive or', inputs: two, build: ({ a, b }) => ({ y: logic.notEqual(a!, b!) }) },
    { name: 'equal of bools', inputs: two, build: ({ a, b }) => ({ y: binary.equal(a!, b!) }) },
    { name: 'not', inputs: two, build: ({ a }) => ({ y: unary.not(a!) }) },
    {
      name: 'any and all',
      inputs: { a: bools('rows', [4, 3]), none: bools('none', [2, 0]) },
      build: ({ a, none }) => ({
        any: logic.reduceAny(a!, { axes: [1] }),
        all: logic.reduceAll(a!, { axes: [0], keepDims: true }),
        anyOfNone: logic.reduceAny(none!, { axes: [1] }),
        allOfNone: logic.reduceAll(none!),
      }),
      expected: { anyOfNone: [0, 0], allOfNone: [1] },
    },
  ];
}

function selectCases(): ConformanceCase[] {
  const condition = bools('condition', [2, 1, 4]);
  const of = (dtype: DType, a: TensorData, b: TensorData): ConformanceCase => ({
    name: `select of ${dtype}`,
    inputs: { condition, a, b },
    build: ({ condition, a, b }) => ({ y: select(condition!, a!, b!) }),
  });
  return [
    of('float32', hashed([3, 1], seedOf(1, 'a')), hashed([4], seedOf(1, 'b'))),
    of('int32', integers('a', [3, 1]), integers('b', [4])),
    of('bool', bools('a', [3, 1]), bools('b', [4])),
    of('uint8', { ...bools('a', [3, 1]), dtype: 'uint8' }, { ...bools('b', [4]), dtype: 'uint8' }),
    {
      name: 'select passes no NaN from the branch that is not taken',
      inputs: { a: tensorData('float32', [3], [1, -1, 4]) },
      build: ({ a }) => {
        const positive = binary.greater(a!, 0);
        return { y: select(positive, unary.sqrt(select(positive, a!, 1)), 0) };
      },
    },
    {
      name: 'select with numbers',
      inputs: { a: hashed([5], seedOf(1, 'a')) },
      build: ({ a }) => ({ y: select(binary.less(a!, 0), a!, 7), z: select(binary.less(a!, 0), 2, 7) }),
    },
  ];
}

function castCases(): ConformanceCase[] {
  const x = tensorData('float32', [6], [-1.7, -0.5, 0, 0.5, 1.7, 200.9]);
  const flags = bools('flags', [5]);
  return [
    {
      name: 'cast from float32',
      inputs: { x: { ...x, data: x.data.map(Math.abs) }, signed: x },
      build: ({ x, signed }) => ({
        int32: cast(signed!, 'int32'),
        bool: cast(signed!, 'bool'),
        uint8: cast(x!, 'uint8'),
      }),
      gradientsOf: [],
    },
    {
      name: 'cast to float32',
      inputs: { i: integers('i', [5]), flags, bytes: tensorData('uint8', [3], [0, 7, 255]) },
      build: ({ i, flags, bytes }) => ({
        fromInt32: cast(i!, 'float32'),
        fromBool: cast(flags!, 'float32'),
        fromUint8: cast(bytes!, 'float32'),
        wholeFromBool: cast(flags!, 'int32'),
        boolFromWhole: cast(i!, 'bool'),
      }),
    },
    {
      name: 'stopGradient',
      inputs: { x: hashed([4], seedOf(1, 'x')) },
      // Differences would see what the gradient must not.
      smooth: false,
      build: ({ x }) => ({ y: binary.multiply(stopGradient(x!), x!), z: stopGradient(x!) }),
    },
    {
      name: 'int32 products wrap around',
      inputs: { a: tensorData('int32', [3], [2 ** 31 - 1, 123_456_789, -(2 ** 31)]) },
      build: ({ a }) => ({ y: binary.multiply(a!, a!), z: binary.add(a!, a!) }),
      expected: { y: [1, -1_757_895_751, 0], z: [-2, 246_913_578, 0] },
    },
    {
      name: 'int32 signs',
      inputs: { a: integers('a', [6]) },
      build: ({ a }) => ({ negated: unary.negate(a!), size: unary.abs(a!), sign: unary.sign(a!) }),
    },
    {
      name: 'int32 divisions go toward zero',
      inputs: { a: tensorData('int32', [4], [7, -7, 7, -7]), b: tensorData('int32', [4], [2, 2, -2, -2]) },
      build: ({ a, b }) => ({ y: binary.divide(a!, b!) }),
      expected: { y: [3, -3, -3, 3] },
    },
    {
      name: 'halves are rounded to even',
      inputs: { x: tensorData('float32', [6], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]) },
      gradientsOf: [],
      build: ({ x }) => ({ y: unary.round(x!) }),
      expected: { y: [-2, -2, 0, 0, 2, 2] },
    },
  ];
}

function kinkCases(): ConformanceCase[] {
  const ties = { a: tensorData('float32', [4], [1, -1, 0, 2]), b: tensorData('float32', [4], [1, 1, 0, -2]) };
  return [
    {
      name: 'maximum and minimum of equals',
      inputs: ties,
      smooth: false,
      build: ({ a, b }) => ({ high: binary.maximum(a!, b!), low: binary.minimum(a!, b!) }),
    },
    {
      name: 'relu, abs and clip at their corners',
      inputs: ties,
      smooth: false,
      build: ({ a }) => ({ relu: unary.relu(a!), abs: unary.abs(a!), clip: unary.clip(a!, -1, 1) }),
    },
    {
      name: 'softplus and sigmoid far out',
      inputs: { x: tensorData('float32', [4], [-100, -30, 30, 100]) },
      smooth: false,
      build: ({ x }) => ({ softplus: unary.softplus(x!), sigmoid: unary.sigmoid(x!) }),
    },
    {
      name: 'whole powers of negative numbers',
      inputs: { x: tensorData('float32', [3], [-2, 0.5, 3]) },
      build: ({ x }) => ({ cube: binary.power(x!, 3), square: binary.power(x!, 2) }),
    },
    {
      name: 'second derivatives of relu',
      inputs: { g: hashed([6], seedOf(1, 'g')), y: hashed([6], seedOf(1, 'y')) },
      build: ({ g, y }) => ({ z: unary.reluGrad(g!, unary.relu(y!)) }),
      gradientsOf: ['g'],
    },
  ];
}

export function elementwiseCases(): ConformanceCase[] {
  return [...unaryCases(), ...binaryCases(), ...logicCases(), ...selectCases(), ...castCases(), ...kinkCases()];
}
