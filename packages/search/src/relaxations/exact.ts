import {
  add,
  concat,
  constant,
  conv2d,
  matMul,
  multiply,
  reshape,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import type { Genotype } from '@nats/space';
import {
  type DilatedConvolution,
  denseKernelSize,
  exactCosts,
  outputChannels,
  samePadding,
} from './dilated-convolution.js';
import { mixingWeightOf, mixture, perChannel } from './mixture.js';
import type { RelaxationKind } from './relaxation.js';

/** `auto` counts convolution work and takes the cheaper form; both give the same numbers. */
export type ExactForm = 'auto' | 'sum' | 'dense';

/** The weighted sum over all genotypes. */
export interface ExactRelaxation {
  readonly kind: 'exact';
  /** Default `auto`: per layer the cheaper form, by counting. */
  readonly form?: ExactForm;
}

/** The weighted sum of the paper's Figure 3. */
export const exact: RelaxationKind<ExactRelaxation> = {
  sampled: false,
  layers:
    ({ form }) =>
    ({ x, weight, alpha, genotypes, convolution }) =>
      exactConvolution(x, weight, mixture(alpha), genotypes, convolution, form),
};

/**
 * The relaxed convolution of NATS (Figure 3): in channel group k the sum over genotypes g of p[k, g] times the output of
 * the convolution dilated by g, all with the same weight.
 * @param x `[N, C, H, W]`
 * @param weight `[O, C / groups, 3, 3]`
 * @param probabilities `[K, G]`, see `mixture`
 */
export function exactConvolution(
  x: Tensor,
  weight: Tensor,
  probabilities: Tensor,
  genotypes: readonly Genotype[],
  convolution: DilatedConvolution,
  form: ExactForm = 'auto',
): Tensor {
  const { sum, dense } = exactCosts(genotypes);
  const chosen = form === 'auto' ? (dense < sum ? 'dense' : 'sum') : form;
  const mixingWeights = perChannel(probabilities, outputChannels(weight));
  if (chosen === 'sum') return explicitSum(x, weight, mixingWeights, genotypes, convolution);
  const kernel = mixedKernel(weight, mixingWeights, genotypes);
  const [kh, kw] = denseKernelSize(genotypes);
  return conv2d(x, kernel, { ...convolution, padding: [(kh - 1) / 2, (kw - 1) / 2] });
}

/**
 * One convolution for each genotype. Mixing weights scale the weight, not the output: convolution is linear in its weight, and
 * weights are smaller than feature maps. The gradient of the mixing weights then falls out of the weight's gradient.
 */
function explicitSum(
  x: Tensor,
  weight: Tensor,
  mixingWeights: Tensor,
  genotypes: readonly Genotype[],
  convolution: DilatedConvolution,
): Tensor {
  return genotypes
    .map((dilation, g) =>
      conv2d(x, multiply(weight, mixingWeightOf(mixingWeights, g)), {
        ...convolution,
        dilation,
        padding: samePadding(dilation),
      }),
    )
    .reduce(add);
}

/**
 * The same sum as one kernel: every genotype's scaled taps placed on its dilated grid, and added. A differentiable
 * function of weight and mixing weights: `[O, I, 3, 3]` and `[O, G]` to `[O, I, kh, kw]`.
 */
function mixedKernel(weight: Tensor, mixingWeights: Tensor, genotypes: readonly Genotype[]): Tensor {
  const [o, i] = weight.shape as [number, number];
  const [kh, kw] = denseKernelSize(genotypes);
  const scaled = genotypes.map((_, g) => reshape(multiply(weight, mixingWeightOf(mixingWeights, g)), [o * i, 9]));
  const placement = concat(
    genotypes.map((dilation) => constant(tapPlacement(dilation, kh, kw))),
    0,
  );
  return reshape(matMul(concat(scaled, 1), placement), [o, i, kh, kw]);
}

/** `[9, kh * kw]` of zeros and ones: where a dilated 3x3 kernel's taps stand in a larger kernel of the same center. */
function tapPlacement([dh, dw]: Genotype, kh: number, kw: number): TensorData {
  const data = new Float32Array(9 * kh * kw);
  for (let tap = 0; tap < 9; tap++) {
    const y = (kh - 1) / 2 + (Math.floor(tap / 3) - 1) * dh;
    const x = (kw - 1) / 2 + ((tap % 3) - 1) * dw;
    data[tap * kh * kw + y * kw + x] = 1;
  }
  return tensorData('float32', [9, kh * kw], data);
}
