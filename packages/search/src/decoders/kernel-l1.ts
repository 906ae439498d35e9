import { check, sizeOf, type TensorData } from '@nats/graph';
import type { Genotype } from '@nats/space';
import type { ChannelChoice } from './preferences.js';

/**
 * For each output channel the genotype whose 3x3 taps keep most of a trained kernel's absolute weight (the decoding of
 * IC-Conv / EDO, Liu et al. 2021, section 3.3). On the mixed kernel of a NATS supernet it is a decoder; on a freely
 * trained dense kernel it is the EDO baseline.
 * @param kernel `[O, I, side, side]`, side odd and at least 2 max(dilation) + 1
 */
export function decodeKernelL1(kernel: TensorData, genotypes: readonly Genotype[]): ChannelChoice {
  const [channels, , side] = kernel.shape as [number, number, number, number];
  const reach = (side - 1) / 2;
  const largest = Math.max(...genotypes.flat());
  check(Number.isInteger(reach) && side === kernel.shape[3] && reach >= largest, 'shape', () => ({
    rule: 'the kernel is square, of odd side, and holds the taps of every genotype',
    received: `[${kernel.shape.join(', ')}] and a dilation of ${largest}`,
    limit: `a side of at least ${2 * largest + 1}`,
  }));
  const perChannel = sizeOf(kernel.shape.slice(1));
  return Int32Array.from({ length: channels }, (_, channel) => {
    const magnitude = tapMagnitudes(kernel.data.subarray(channel * perChannel, (channel + 1) * perChannel), side);
    const kept = genotypes.map(([dh, dw]) => keptMagnitude(magnitude, side, reach, dh, dw));
    return kept.indexOf(Math.max(...kept));
  });
}

/** Sum of absolute weights at each position, over input channels. */
function tapMagnitudes(weights: ArrayLike<number>, side: number): Float64Array {
  const magnitude = new Float64Array(side * side);
  for (let i = 0; i < weights.length; i++) magnitude[i % magnitude.length]! += Math.abs(weights[i]!);
  return magnitude;
}

function keptMagnitude(magnitude: Float64Array, side: number, reach: number, dh: number, dw: number): number {
  let kept = 0;
  for (let y = -1; y <= 1; y++) {
    for (let x = -1; x <= 1; x++) kept += magnitude[(reach + y * dh) * side + reach + x * dw]!;
  }
  return kept;
}
