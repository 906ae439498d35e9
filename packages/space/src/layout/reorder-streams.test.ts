import {
  constant,
  conv2d,
  createProgram,
  createScope,
  evaluate,
  foldVariables,
  input,
  type Program,
} from '@nats/graph';
import { goldenState, hashed, relativeError } from '@nats/graph/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configsWithSchemes, PROVENANCE } from '../../test/arbitraries.js';
import { schemeBuilder } from '../apply/scheme-builder.js';
import { type BackboneConfig, buildBackbone, convolutionSites, smallResnet } from '../backbones/index.js';
import { createScheme, type Scheme } from '../scheme/scheme.js';
import { layoutPass } from './layout-pass.js';

const SIZE = 9;

/** A backbone whose stages are read by 1x1 convolutions, as a feature pyramid reads them. */
function read(config: BackboneConfig, scheme: Scheme) {
  const scope = createScope();
  const x = input('x', 'float32', ['N', config.inputChannels, SIZE, SIZE]);
  const { stages } = buildBackbone(scope, x, config, { convolution: schemeBuilder(scheme) });
  const outputs = Object.entries(stages).map(([name, map], i) => {
    const weight = constant(hashed([3, map.shape[1] as number, 1, 1], 7 + i));
    return [name, conv2d(map, weight)] as const;
  });
  const program = createProgram({ outputs: Object.fromEntries(outputs) });
  const feeds = { x: hashed([2, config.inputChannels, SIZE, SIZE], 1) };
  return { program, feeds, values: goldenState(scope.spec, 2) };
}

/** A scheme of three genotypes, by convolution. */
function schemeOf(config: BackboneConfig, choose: (channel: number, name: string) => number): Scheme {
  const convolutions = convolutionSites(config).map(({ name, channels }) => {
    return [name, Int32Array.from({ length: channels }, (_, c) => choose(c, name) % 3)] as const;
  });
  const genotypes = [1, 2, 3].map((d) => [d, d] as const);
  return createScheme({ backbone: config.name, genotypes, convolutions, provenance: PROVENANCE });
}

function gathered(program: Program): number {
  return program.nodes.filter(({ op, outputs }) => op.name === 'gather' && outputs[0]!.shape[0] === 'N').length;
}

function expectEqual({ program, feeds, values }: ReturnType<typeof read>): void {
  const expected = evaluate(program, feeds, values).outputs;
  const after = layoutPass(program);
  const actual = evaluate(after, feeds, values).outputs;
  const folded = evaluate(foldVariables(after, values), feeds, values).outputs;
  for (const stage of Object.keys(expected)) {
    expect(relativeError(actual[stage]!, expected[stage]!)).toBeLessThan(1e-12);
    expect(relativeError(folded[stage]!, expected[stage]!)).toBeLessThan(1e-5);
  }
}

describe('a residual stream that only convolutions make and read', () => {
  test.each([false, true])(
    'takes the order of its one divided convolution: no gather is left; pooled stem: %s',
    (pool) => {
      const config = smallResnet({ widths: [6, 9], block: 'basic', stem: { channels: 6, pool } });
      const found = read(
        config,
        schemeOf(config, (channel) => channel),
      );
      expect(gathered(found.program)).toBe(4);
      expect(gathered(layoutPass(found.program))).toBe(0);
      expectEqual(found);
    },
  );

  test('of several takes the order that most have: a gather is left for each of another order', () => {
    const config = smallResnet({ widths: [6], block: 'basic', blocks: 3, stem: { channels: 6 } });
    const order = (different: string) => (channel: number, name: string) =>
      name === different ? Math.floor(channel / 2) + channel : channel;
    const alike = read(config, schemeOf(config, order('none')));
    expect(gathered(layoutPass(alike.program))).toBe(0);
    expectEqual(alike);
    const one = read(config, schemeOf(config, order('layer1.0.conv2')));
    expect(gathered(layoutPass(one.program))).toBe(1);
    expectEqual(one);
  });
});

test('keeps its order where something else reads it: gathers stay', () => {
  const config = smallResnet({ widths: [6], block: 'basic', stem: { channels: 6 } });
  const scope = createScope();
  const x = input('x', 'float32', ['N', config.inputChannels, SIZE, SIZE]);
  const scheme = schemeOf(config, (channel) => channel);
  const { stages } = buildBackbone(scope, x, config, { convolution: schemeBuilder(scheme) });
  expect(gathered(layoutPass(createProgram({ outputs: { ...stages } })))).toBe(1);
});

test('equals the plain order on random networks and schemes (float64, 1e-12; folded 1e-5)', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => expectEqual(read(config, scheme))),
    { numRuns: 60 },
  );
});
