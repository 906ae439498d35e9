import { input, maxPool2d, type PoolingOptions, seedOf, tensorData } from '@nats/graph';
import { hashedUniform } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { describe, it } from 'vitest';
import { cotangentLoss, ENGINES, gradientOutputs, readGolden, runGolden } from './support.js';

type Attributes = PoolingOptions & { readonly size: readonly [number, number] };

const fixture = readGolden<Attributes>('max-pool');

describe.each(ENGINES)('max-pool with ties equals PyTorch', ({ engine, options }) => {
  it.each(Object.entries(fixture.cases))(`%s, on ${engine().name}`, async (name, { attributes }) => {
    const { seed } = fixture;
    const shape = [2, 3, ...attributes.size];
    const used = engine();
    const actual = await runGolden(used, seed, {}, (scope) => {
      const x = input('x', 'float32', shape);
      const y = maxPool2d(x, attributes);
      const { loss, feeds } = cotangentLoss(seed, 'cotangent', y);
      const uniform = hashedUniform(shape, seedOf(seed, 'x'), -3, 1).data;
      return {
        outputs: { 'forward/y': y, ...gradientOutputs(scope, loss, { x }) },
        feeds: { ...feeds, x: tensorData('float32', shape, Array.from(uniform, Math.floor)) },
      };
    });
    expectGolden(`max-pool ${name} (${used.name})`, fixture, name, actual, options);
    await used.dispose();
  });
});
