import { conv2d, type Scope, type StateSpec, type Tensor, type TensorData, tensorData } from '@nats/graph';
import {
  type ConvolutionBuilder,
  createScheme,
  type Provenance,
  plainConvolution,
  type Scheme,
  type SearchSpace,
} from '@nats/space';
import { decodeKernelL1 } from '../decoders/kernel-l1.js';
import { convolutionOf, denseKernelSize } from '../relaxations/dilated-convolution.js';

/** Name of the free kernel that stands for a convolution's `weight`. */
const DENSE_KERNEL = 'dense_kernel';

function side(space: SearchSpace): number {
  return Math.max(...denseKernelSize(space.genotypes));
}

/**
 * The supernet of EDO (Liu et al. 2021, IC-Conv, section 3.3): every searchable convolution has a free kernel that holds the
 * taps of all genotypes, trained as it is. Costs side^2 / 9 convolutions and has as many times the weights.
 */
export function edoConvolution(space: SearchSpace): ConvolutionBuilder {
  const names = new Set(space.sites.map(({ name }) => name));
  return (scope, x, options, site) => {
    if (!names.has(site.name)) return plainConvolution(scope, x, options, site);
    return scope.build(() => {
      const kernel = denseKernel(scope, x, options.channels, options.groups ?? 1, side(space));
      return conv2d(x, kernel, { ...convolutionOf(options), padding: (side(space) - 1) / 2 });
    });
  };
}

function denseKernel(scope: Scope, x: Tensor, channels: number, groups: number, size: number): Tensor {
  const inputs = (x.shape[1] as number) / groups;
  const deviation = Math.sqrt((2 * groups) / (channels * size * size));
  return scope.parameter(DENSE_KERNEL, [channels, inputs, size, size], { kind: 'normal', deviation });
}

/**
 * First values of the free kernels from pretrained 3x3 weights: the taps of dilation 1 in the middle, zeros around them, so
 * that training starts from the pretrained network (our choice; EDO trains its supernet from ImageNet anew).
 * @param weights by full name, `….conv2.weight`
 * @param spec of the network built with `edoConvolution`
 */
export function edoInitial(weights: ReadonlyMap<string, TensorData>, spec: StateSpec): Map<string, TensorData> {
  const result = new Map(weights);
  for (const { name, shape } of spec.values()) {
    if (!name.endsWith(`.${DENSE_KERNEL}`)) continue;
    const weightName = `${name.slice(0, -DENSE_KERNEL.length)}weight`;
    const weight = weights.get(weightName);
    if (!weight) continue;
    result.delete(weightName);
    result.set(name, embed(weight, shape[2]!));
  }
  return result;
}

function embed(weight: TensorData, size: number): TensorData {
  const kernels = weight.data.length / 9;
  const data = new Float32Array(kernels * size * size);
  const first = (size - 3) / 2;
  for (let k = 0; k < kernels; k++) {
    for (let tap = 0; tap < 9; tap++) {
      const [y, x] = [first + Math.floor(tap / 3), first + (tap % 3)];
      data[(k * size + y) * size + x] = weight.data[k * 9 + tap]!;
    }
  }
  return tensorData('float32', [weight.shape[0]!, weight.shape[1]!, size, size], data);
}

/** The scheme of a trained EDO supernet: each channel gets the genotype that keeps most of its kernel. */
export function edoScheme(
  space: SearchSpace,
  values: ReadonlyMap<string, TensorData>,
  prefix: string,
  provenance: Provenance,
): Scheme {
  return createScheme({
    backbone: space.backbone,
    genotypes: space.genotypes,
    convolutions: space.sites.map(({ name }) => {
      const kernel = values.get(`${prefix ? `${prefix}.` : ''}${name}.${DENSE_KERNEL}`)!;
      return [name, decodeKernelL1(kernel, space.genotypes)] as const;
    }),
    provenance: { method: 'EDO, kernel L1', ...provenance },
  });
}
