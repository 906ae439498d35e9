import { batchNormTraining } from '../../../ops/batch-norm.js';
import { multiply } from '../../../ops/binary.js';
import { relu } from '../../../ops/unary.js';
import { goldenNormal, goldenUniform } from '../../golden-values.js';
import type { ConformanceCase } from '../case.js';

export function normalizationCases(): ConformanceCase[] {
  const of = (name: string, shape: readonly number[], tolerance?: number): ConformanceCase => ({
    name: `batch norm: ${name}`,
    inputs: {
      x: goldenNormal(1, `normalized ${shape}`, shape),
      weight: goldenUniform(1, 'weight', [shape[1]!], 0.5, 1.5),
      bias: goldenNormal(1, 'bias', [shape[1]!]),
    },
    build: ({ x, weight, bias }) => ({ ...batchNormTraining(x!, weight!, bias!, 1e-5) }),
    ...(tolerance !== undefined && { tolerance }),
  });
  const far = goldenNormal(1, 'far', [4, 2, 8, 8]);
  return [
    of('training', [3, 4, 5, 6]),
    of('one image, one row', [1, 3, 1, 7]),
    of('a large map', [2, 2, 40, 40]),
    {
      name: 'batch norm: values far from 0 keep their variance',
      inputs: {
        x: { ...far, data: far.data.map((value) => Math.fround(1000 + value)) },
        weight: goldenUniform(1, 'weight', [2], 0.5, 1.5),
        bias: goldenNormal(1, 'bias', [2]),
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
