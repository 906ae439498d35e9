import { add, multiply } from '../../../ops/binary.js';
import { conv2d } from '../../../ops/convolution.js';
import { matMul } from '../../../ops/matmul.js';
import { seedOf } from '../../../random.js';
import { tensorData } from '../../../tensor-data.js';
import { hashed } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

/** Values of the state instead of fed ones. */
export function stateCases(): ConformanceCase[] {
  return [
    {
      name: 'variables',
      inputs: {
        w: hashed([3, 4], seedOf(1, 'w')),
        x: hashed([4, 2], seedOf(1, 'x')),
        scale: hashed([], seedOf(1, 'scale')),
      },
      stateful: true,
      build: ({ w, x, scale }) => ({ y: multiply(matMul(w!, x!), scale!), w: multiply(w!, 1) }),
    },
    {
      name: 'variables of whole numbers',
      inputs: { step: tensorData('int32', [], [41]) },
      stateful: true,
      build: ({ step }) => ({ next: add(step!, 1) }),
      expected: { next: [42] },
    },
    {
      name: 'a convolution by a variable',
      inputs: { w: hashed([3, 2, 3, 3], seedOf(1, 'kernel')), x: hashed([2, 2, 5, 6], seedOf(1, 'image')) },
      stateful: true,
      build: ({ w, x }) => ({ y: conv2d(x!, w!, { padding: 1, stride: 2 }) }),
    },
  ];
}
