import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  add,
  createProgram,
  createScope,
  evaluate,
  gradients,
  input,
  multiply,
  type Program,
  reduceSum,
  type Scope,
  type Tensor,
} from '@nats/graph';
import { goldenState, hashed, relativeError } from '@nats/graph/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { configsWithSchemes, PROVENANCE } from '../../test/arbitraries.js';
import { perChannelBuilder } from '../../test/per-channel.js';
import { uniformScheme } from '../../test/uniform-scheme.js';
import {
  type BackboneConfig,
  buildClassifier,
  type ConvolutionBuilder,
  convolutionSites,
  plainConvolution,
  resnetConfig,
  smallResnet,
} from '../backbones/index.js';
import { createScheme } from '../scheme/scheme.js';
import { channelUnit } from '../search-space.js';
import { schemeBuilder } from './scheme-builder.js';

const SIZE = 7;

function classifier(config: BackboneConfig, convolution: ConvolutionBuilder): { scope: Scope; logits: Tensor } {
  const scope = createScope();
  const x = input('x', 'float32', [2, config.inputChannels, SIZE, SIZE]);
  return { scope, logits: buildClassifier(scope, x, config, { classes: 3, convolution }) };
}

function logitsOf(config: BackboneConfig, convolution: ConvolutionBuilder) {
  const { scope, logits } = classifier(config, convolution);
  const feeds = { x: hashed([2, config.inputChannels, SIZE, SIZE], 1) };
  return evaluate(createProgram({ outputs: { logits } }), feeds, goldenState(scope.spec, 2)).outputs.logits!;
}

/** A program as text, without node ids: two programs with the same text do the same. */
function structure(program: Program): string {
  const number = new Map(program.nodes.map((node, i) => [node, i]));
  return program.nodes
    .map(({ op, inputs, attributes, scope }) => {
      const from = inputs.map((x) => `${number.get(x.node)}.${x.index}`);
      return `${scope} ${op.name}(${from}) ${JSON.stringify(attributes)}`;
    })
    .join('\n');
}

test('equals one convolution for each channel, on random networks and schemes (float64, 1e-12)', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => {
      const expected = logitsOf(config, perChannelBuilder(scheme));
      expect(relativeError(logitsOf(config, schemeBuilder(scheme)), expected)).toBeLessThan(1e-12);
    }),
    { numRuns: 60 },
  );
});

test('changes no parameter: names, shapes, order and count are those of the plain network', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => {
      const plain = classifier(config, plainConvolution).scope.spec;
      const chosen = classifier(config, schemeBuilder(scheme)).scope.spec;
      expect([...chosen.values()]).toEqual([...plain.values()]);
    }),
    { numRuns: 60 },
  );
});

test('all (1, 1) is the plain program itself', () => {
  const config = resnetConfig('resnext50_32x4d', { outputStride: 16 });
  const program = (convolution: ConvolutionBuilder) => {
    const scope = createScope();
    const logits = buildClassifier(scope, input('x', 'float32', ['N', 3, 64, 64]), config, { convolution });
    return structure(createProgram({ outputs: { logits } }));
  };
  const plain = program(plainConvolution);
  expect(program(schemeBuilder(uniformScheme(config, [1, 1], PROVENANCE)))).toBe(plain);
  expect(program(schemeBuilder(uniformScheme(config, [1, 2], PROVENANCE)))).not.toBe(plain);
});

test('a layer is at most G convolutions and one concat, with one gather where genotypes interleave', () => {
  const config = smallResnet({ widths: [6] });
  const count = (choice: number[]) => {
    const scheme = createScheme({
      backbone: config.name,
      genotypes: [
        [1, 1],
        [1, 2],
        [2, 2],
      ],
      convolutions: [['layer1.0.conv1', choice]],
      provenance: PROVENANCE,
    });
    const { nodes } = createProgram({ outputs: { y: classifier(config, schemeBuilder(scheme)).logits } });
    const own = nodes.filter(({ scope }) => scope === 'layer1.0.conv1').map(({ op }) => op.name);
    const maps = nodes.filter(({ op, outputs }) => op.name === 'gather' && outputs[0]!.shape[2] === 4);
    const of = (name: string) => own.filter((op) => op === name).length;
    return [of('conv2d'), of('concat'), maps.length];
  };
  expect(count([0, 0, 0, 0, 0, 0])).toEqual([1, 0, 0]);
  expect(count([2, 2, 2, 2, 2, 2])).toEqual([1, 0, 0]);
  expect(count([2, 2, 0, 0, 1, 1])).toEqual([3, 1, 0]);
  expect(count([0, 1, 0, 1, 2, 0])).toEqual([3, 1, 1]);
  expect(count([0, 2, 2, 0, 0, 0])).toEqual([2, 1, 1]);
});

test('a scheme of other channels is refused where it is applied', () => {
  const config = smallResnet({ widths: [6] });
  const scheme = createScheme({
    backbone: config.name,
    genotypes: [[1, 1]],
    convolutions: [['layer1.0.conv1', [0, 0]]],
    provenance: PROVENANCE,
  });
  expect(() => classifier(config, schemeBuilder(scheme))).toThrow(/layer1\.0\.conv1.*received 2.*6/);
});

describe('on onnxruntime', () => {
  const engine = onnxruntimeEngine();
  afterAll(() => engine.dispose());

  test.each([
    ['basic', 1],
    ['bottleneck', 1],
    ['bottleneck', 2],
  ] as const)(
    'values and gradients of %s blocks with %i groups are those of the float64 reference (1e-5)',
    async (block, groups) => {
      const config = smallResnet({ widths: [6, 8], block, groups, inputChannels: 2 });
      const mixed = createScheme({
        backbone: config.name,
        genotypes: [
          [1, 1],
          [2, 1],
          [1, 3],
        ],
        provenance: PROVENANCE,
        convolutions: convolutionSites(config).map((site, i) => {
          const unit = channelUnit(site);
          return [site.name, Int32Array.from({ length: site.channels }, (_, c) => (Math.floor(c / unit) + i) % 3)];
        }),
      });
      const build = (convolution: ConvolutionBuilder) => {
        const scope = createScope({ normalization: 'batch' });
        const x = input('x', 'float32', [2, 2, 16, 16]);
        const logits = buildClassifier(scope, x, config, { classes: 3, convolution });
        const loss = reduceSum(multiply(logits, add(logits, 1)));
        const names = [...scope.spec.values()].filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
        const wrt = gradients(loss, [x, ...names.map((name) => scope.variable(name)!)]);
        const outputs = Object.fromEntries(wrt.map((gradient, i) => [`gradient ${['x', ...names][i]}`, gradient]));
        return { spec: scope.spec, program: createProgram({ outputs: { loss, ...outputs } }) };
      };
      const { spec, program } = build(schemeBuilder(mixed));
      const values = goldenState(spec, 3);
      const feeds = { x: hashed([2, 2, 16, 16], 4) };
      const expected = evaluate(build(perChannelBuilder(mixed)).program, feeds, values).outputs;
      const executable = await engine.compile(program);
      const actual = await executable.run(await engine.createState(spec, values), feeds);
      for (const [name, value] of Object.entries(evaluate(program, feeds, values).outputs)) {
        expect(relativeError(value, expected[name]!), name).toBeLessThan(1e-11);
        expect(relativeError(actual[name]!, expected[name]!), name).toBeLessThan(1e-4);
      }
    },
  );
});
