import { add, multiply } from '../../../ops/binary.js';
import { conv2d } from '../../../ops/convolution.js';
import { matMul } from '../../../ops/matmul.js';
import { tensorData } from '../../../tensor-data.js';
import { goldenNormal } from '../../golden-values.js';
import type { ConformanceCase } from '../case.js';

/** Values of the state instead of fed ones. */
export function stateCases(): ConformanceCase[] {
  return [
    {
      name: 'variables',
      inputs: { w: goldenNormal(1, 'w', [3, 4]), x: goldenNormal(1, 'x', [4, 2]), scale: goldenNormal(1, 'scale', []) },
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
      inputs: { w: goldenNormal(1, 'kernel', [3, 2, 3, 3]), x: goldenNormal(1, 'image', [2, 2, 5, 6]) },
      stateful: true,
      build: ({ w, x }) => ({ y: conv2d(x!, w!, { padding: 1, stride: 2 }) }),
    },
  ];
}
