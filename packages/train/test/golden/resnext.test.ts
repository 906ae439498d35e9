import { input, type Scope, seedOf } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { buildBackbone, type ResnetConfig, smallResnet } from '@nats/space';
import { describe, it } from 'vitest';
import { cotangentLoss, ENGINES, gradientOutputs, readGolden, runGolden } from './support.js';

interface Attributes {
  readonly stem: number;
  readonly planes: number;
  readonly groups: number;
  readonly widthPerGroup: number;
  readonly dilation: number;
  readonly size: readonly [number, number];
}

const fixture = readGolden<Attributes>('resnext');

function config({ stem, planes, groups, widthPerGroup, dilation }: Attributes): ResnetConfig {
  const plain = smallResnet({
    widths: [planes, planes],
    blocks: [1, 2],
    block: 'bottleneck',
    stem: { channels: stem, kernel: 3, stride: 1 },
    groups,
    widthPerGroup,
  });
  return { ...plain, stages: plain.stages.map((stage) => ({ ...stage, dilation })) };
}

describe.each(ENGINES)('ResNeXt blocks with dilation equal PyTorch', ({ engine, options }) => {
  it(`grouped 3x3 convolutions of stride 1 and 2, on ${engine().name}`, async () => {
    const { seed, cases } = fixture;
    const { attributes } = cases.only!;
    const shape = [3, 3, ...attributes.size];
    const feed = hashed(shape, seedOf(seed, 'x'));
    const x = input('x', 'float32', shape);
    const network = (scope: Scope) => buildBackbone(scope, x, config(attributes)).stages.C3!;
    const used = engine();
    const trained = await runGolden(used, seed, { normalization: 'batch' }, (scope) => {
      const y = network(scope);
      const { loss, feeds } = cotangentLoss(seed, 'cotangent', y);
      return {
        outputs: { 'forward/C3': y, ...gradientOutputs(scope, loss, { x }) },
        feeds: { ...feeds, x: feed },
      };
    });
    const evaluated = await runGolden(used, seed, { normalization: 'running' }, (scope) => ({
      outputs: { 'evaluated/C3': network(scope) },
      feeds: { x: feed },
    }));
    expectGolden(`resnext (${used.name})`, fixture, 'only', new Map([...trained, ...evaluated]), options);
    await used.dispose();
  });
});
