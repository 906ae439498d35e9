import {
  add,
  convolution,
  input,
  maxPool2d,
  relu,
  type Scope,
  seedOf,
  slice,
  type Tensor,
  upsampleNearest,
} from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { describe, it } from 'vitest';
import { cotangentLoss, ENGINES, gradientOutputs, readGolden, runGolden } from './support.js';

interface Attributes {
  readonly channels: readonly number[];
  readonly out: number;
  readonly sizes: readonly (readonly [number, number])[];
  /** Channels into and out of torchvision's LastLevelP6P7; null: LastLevelMaxPool. */
  readonly extra: readonly [number, number] | null;
}

const fixture = readGolden<Attributes>('fpn');

/** torchvision's FeaturePyramidNetwork, in ops of the graph alone. */
function pyramid(scope: Scope, maps: readonly Tensor[], { out, extra }: Attributes): Tensor[] {
  const level = (kind: string, i: number, x: Tensor, kernel: number) =>
    convolution(scope.child(kind).child(i).child(0), x, {
      channels: out,
      kernel,
      padding: (kernel - 1) / 2,
      bias: true,
    });
  const merged = maps.map((x, i) => level('inner_blocks', i, x, 1));
  for (let i = maps.length - 2; i >= 0; i--) merged[i] = add(merged[i]!, resized(merged[i + 1]!, merged[i]!));
  const levels = merged.map((x, i) => level('layer_blocks', i, x, 3));
  if (!extra) return [...levels, maxPool2d(levels.at(-1)!, { kernel: 1, stride: 2 })];
  const more = scope.child('extra_blocks');
  const strided = { channels: out, stride: 2, padding: 1, bias: true };
  const p6 = convolution(more.child('p6'), extra[0] === extra[1] ? levels.at(-1)! : maps.at(-1)!, strided);
  return [...levels, p6, convolution(more.child('p7'), relu(p6), strided)];
}

/**
 * Nearest-neighbor resize to the size of `target`. After a stride of 2 a map has n of 2 n or 2 n - 1 pixels, and for
 * both PyTorch takes pixel floor(i / 2): the repeated pixels, cut off. Other ratios have no such form.
 */
function resized(x: Tensor, target: Tensor): Tensor {
  const [height, width] = target.shape.slice(2) as [number, number];
  return slice(upsampleNearest(x, 2), { 2: [0, height], 3: [0, width] });
}

describe.each(ENGINES)('a feature pyramid equals torchvision', ({ engine, options }) => {
  it.each(Object.entries(fixture.cases))(`%s, on ${engine().name}`, async (name, { attributes }) => {
    const { seed } = fixture;
    const shapes = attributes.sizes.map((size, i) => [2, attributes.channels[i]!, ...size]);
    const used = engine();
    const actual = await runGolden(used, seed, {}, (scope) => {
      const maps = shapes.map((shape, i) => input(`x${i}`, 'float32', shape));
      const levels = pyramid(scope, maps, attributes);
      const losses = levels.map((y, i) => cotangentLoss(seed, `cotangent${i}`, y));
      const loss = losses.map((part) => part.loss).reduce((a, b) => add(a, b));
      const named = Object.fromEntries(maps.map((x, i) => [`x${i}`, x]));
      return {
        outputs: {
          ...Object.fromEntries(levels.map((y, i) => [`forward/y${i}`, y])),
          ...gradientOutputs(scope, loss, named),
        },
        feeds: Object.assign(
          Object.fromEntries(shapes.map((shape, i) => [`x${i}`, hashed(shape, seedOf(seed, `x${i}`))])),
          ...losses.map((part) => part.feeds),
        ),
      };
    });
    expectGolden(`fpn ${name} (${used.name})`, fixture, name, actual, options);
    await used.dispose();
  });
});
