import {
  abs,
  add,
  apply,
  divideOp,
  multiply,
  multiplyOp,
  sign,
  subtract,
  type Tensor,
  type TensorData,
  toTensor,
} from '@nats/graph';
import { type Decompositions, decomposition } from './decomposition.js';

/** A product that the caller knows to be exact in float64, which the cpu backend multiplies in before it wraps around. */
export const shortProductOp: typeof multiplyOp = { ...multiplyOp, name: 'shortProduct' };

/** Division as kernels do it: downward. */
export const floorDivideOp: typeof multiplyOp = {
  ...divideOp,
  name: 'floorDivide',
  evaluate: ([a, b]) => {
    const [quotient] = multiplyOp.evaluate([a, { ...b, data: Int32Array.from(b.data, () => 1) }], {});
    const divisors = multiplyOp.evaluate([{ ...a, data: Int32Array.from(a.data, () => 1) }, b], {})[0].data;
    return [{ ...quotient, data: quotient.data.map((value, i) => Math.floor(value / divisors[i]!)) }];
  },
};

const shortProduct = (a: Tensor, b: Tensor | number) => apply(shortProductOp, [a, toTensor(b, 'int32')], {});
const floorDivide = (a: Tensor, b: Tensor | number) => apply(floorDivideOp, [a, toTensor(b, 'int32')], {});

/** Products with whole numbers up to here have at most 52 bits. */
const SMALL = 2 ** 21;
const HALF = 2 ** 16;

function isSmall({ node }: Tensor): boolean {
  if (node.op.name !== 'constant') return false;
  return (node.attributes as { value: TensorData }).value.data.every((value) => Math.abs(value) <= SMALL);
}

export const integerDecompositions: Decompositions = [
  decomposition(multiplyOp, ([a, b]) => {
    if (a.dtype !== 'int32') return undefined;
    if (isSmall(a) || isSmall(b)) return shortProduct(a, b);
    const high = floorDivide(b, HALF);
    const low = subtract(b, shortProduct(high, HALF));
    return add(shortProduct(a, low), shortProduct(shortProduct(a, high), HALF));
  }),
  decomposition(divideOp, ([a, b]) => {
    if (a.dtype !== 'int32') return undefined;
    return multiply(multiply(sign(a), sign(b)), floorDivide(abs(a), abs(b)));
  }),
];
