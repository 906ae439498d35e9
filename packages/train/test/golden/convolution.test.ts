import {
  type ConvolutionOptions,
  conv2d,
  convGradInput,
  convGradWeight,
  type Feeds,
  gradients,
  input,
  multiply,
  reduceSum,
  seedOf,
} from '@nats/graph';
import { compareGolden, type GoldenResult, goldenFailures, goldenReport, hashed } from '@nats/graph/testing';
import { describe, expect, it } from 'vitest';
import { ENGINES, readGolden, runGolden } from './support.js';

interface Attributes {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

const fixture = readGolden<Attributes>('convolution');

/** conv2d and its gradients, and the gradients of those: `dx` is a transposed convolution with one weight and input. */
function network({ x: xShape, w: wShape, ...options }: Attributes, seed: number) {
  const feed: Record<string, Feeds[string]> = {};
  const fed = (name: string, shape: readonly number[]) => {
    feed[name] = hashed(shape, seedOf(seed, name));
    return input(name, 'float32', shape);
  };
  const [x, w] = [fed('x', xShape), fed('w', wShape)];
  const settings: ConvolutionOptions = options;
  const y = conv2d(x, w, settings);
  const g = fed('g', y.shape as number[]);
  const [dx, dw] = gradients(reduceSum(multiply(y, g)), [x, w]);
  const transposed = convGradInput(g, w, xShape, settings);
  const [dxByG, dxByW] = gradients(reduceSum(multiply(transposed, fed('v', xShape))), [g, w]);
  const correlated = convGradWeight(g, x, wShape, settings);
  const [dwByG, dwByX] = gradients(reduceSum(multiply(correlated, fed('u', wShape))), [g, x]);
  return {
    outputs: {
      'forward/y': y,
      'gradient/x': dx!,
      'gradient/w': dw!,
      'second/dx-by-g': dxByG!,
      'second/dx-by-w': dxByW!,
      'second/dw-by-g': dwByG!,
      'second/dw-by-x': dwByX!,
    },
    feeds: feed,
  };
}

describe.each(ENGINES)('convolutions equal PyTorch', ({ engine, options }) => {
  it(`strides, dilations, paddings and groups together, on ${engine().name}`, async () => {
    const used = engine();
    const results: GoldenResult[] = [];
    for (const [name, golden] of Object.entries(fixture.cases)) {
      const actual = await runGolden(used, fixture.seed, {}, () => network(golden.attributes, fixture.seed));
      const own = compareGolden(golden, actual, options);
      results.push(...own);
      expect(goldenFailures(own), `case ${name}: ${JSON.stringify(golden.attributes)}`).toEqual([]);
    }
    console.log(goldenReport(`convolution (${used.name})`, results));
    await used.dispose();
  });
});
