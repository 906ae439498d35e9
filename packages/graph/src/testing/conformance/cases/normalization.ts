import { batchNormTraining } from '../../../ops/batch-norm.js';
import { multiply } from '../../../ops/binary.js';
import { relu } from '../../../ops/unary.js';
import { seedOf } from '../../../random.js';
import { hashed, hashedUniform } from '../../hashed.js';
import type { ConformanceCase } from '../case.js';

export function normalizationCases(): ConformanceCase[] {
  const of = (name: string, shape: readonly number[], tolerance?: number): ConformanceCase => ({
    name: `batch norm: ${name}`,
    inputs: {
      x: hashed(shape, seedOf(1, `normalized ${shape}`)),
      weight: hashedUniform([shape[1]!], seedOf(1, 'weight'), 0.5, 1.5),
      bias: hashed([shape[1]!], seedOf(1, 'bias')),
    },
    build: ({ x, weight, bias }) => ({ ...batchNormTraining(x!, weight!, bias!, 1e-5) }),
    ...(tolerance !== undefined && { tolerance }),
  });
  const far = hashed([4, 2, 8, 8], seedOf(1, 'far'));
  return [
    of('training', [3, 4, 5, 6]),
    of('one image, one row', [1, 3, 1, 7]),
    of('a large map', [2, 2, 40, 40]),
    {
      name: 'batch norm: values far from 0 keep their variance',
      inputs: {
        x: { ...far, data: far.data.map((value) => Math.fround(1000 + value)) },
        weight: hashedUniform([2], seedOf(1, 'weight'), 0.5, 1.5),
        bias: hashed([2], seedOf(1, 'bias')),
      },
      build: ({ x, weight, bias }) => ({ ...batchNormTraining(x!, weight!, bias!, 1e-5) }),
      tolerance: 1e-3,
      smooth: false,
    },
    {
      name: 'batch norm before relu',
      inputs: of('', [2, 3, 4, 5]).inputs,
      build: ({ x, weight, bias }) => ({ y: multiply(relu(batchNormTraining(x!, weight!, bias!, 1e-5).y), 2) }),
    },
  ];
}
