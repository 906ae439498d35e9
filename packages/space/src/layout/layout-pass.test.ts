import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, createScope, evaluate, foldVariables, input, type Node, type Program } from '@nats/graph';
import { goldenState, hashed, relativeError } from '@nats/graph/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { configsWithSchemes, PROVENANCE } from '../../test/arbitraries.js';
import { perChannelBuilder } from '../../test/per-channel.js';
import { schemeBuilder } from '../apply/scheme-builder.js';
import {
  type BackboneConfig,
  buildBackbone,
  buildClassifier,
  type ConvolutionBuilder,
  convolutionSites,
  plainConvolution,
  type RegnetConfig,
  smallResnet,
} from '../backbones/index.js';
import { programCosts } from '../costs/costs.js';
import { createScheme, type Scheme } from '../scheme/scheme.js';
import { channelUnit } from '../search-space.js';
import { layoutPass } from './layout-pass.js';

const SIZE = 9;

function inference(config: BackboneConfig, convolution: ConvolutionBuilder) {
  const scope = createScope();
  const x = input('x', 'float32', ['N', config.inputChannels, SIZE, SIZE]);
  const { stages } = buildBackbone(scope, x, config, { convolution });
  const program = createProgram({ outputs: { ...stages } });
  const feeds = { x: hashed([2, config.inputChannels, SIZE, SIZE], 1) };
  return { spec: scope.spec, program, feeds, values: goldenState(scope.spec, 2) };
}

/** Genotypes in turn over whole groups: nothing is contiguous. */
function interleaved(config: BackboneConfig): Scheme {
  return createScheme({
    backbone: config.name,
    genotypes: [
      [1, 1],
      [1, 2],
      [2, 2],
    ],
    convolutions: convolutionSites(config).map((site) => {
      const unit = channelUnit(site);
      return [site.name, Int32Array.from({ length: site.channels }, (_, c) => Math.floor(c / unit) % 3)];
    }),
    provenance: PROVENANCE,
  });
}

/** Gathers and slices of feature maps, not of weights. */
function movedMaps(program: Program): Node[] {
  return program.nodes.filter(
    ({ op, outputs }) => ['gather', 'slice', 'split'].includes(op.name) && outputs[0]!.shape[0] === 'N',
  );
}

test('equals one convolution for each channel, on random networks and schemes (float64, 1e-12)', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => {
      const { program, feeds, values } = inference(config, schemeBuilder(scheme));
      const expected = evaluate(inference(config, perChannelBuilder(scheme)).program, feeds, values).outputs;
      const actual = evaluate(layoutPass(program), feeds, values).outputs;
      for (const stage of Object.keys(expected)) {
        expect(relativeError(actual[stage]!, expected[stage]!)).toBeLessThan(1e-12);
      }
    }),
    { numRuns: 60 },
  );
});

describe('what it costs', () => {
  test('a RegNet with squeeze and excitation: nothing is left, as in a bottleneck', () => {
    const config: RegnetConfig = {
      kind: 'regnet',
      name: 'small',
      inputChannels: 3,
      stemChannels: 6,
      stages: [{ blocks: 2, channels: 12, groupWidth: 2, stride: 2 }],
      squeezeRatio: 0.5,
      norm: { kind: 'batch' },
    };
    const { program } = inference(config, schemeBuilder(interleaved(config)));
    expect(movedMaps(program).map(({ op }) => op.name)).toEqual([
      'gather',
      'split',
      'gather',
      'gather',
      'split',
      'gather',
    ]);
    expect(movedMaps(layoutPass(program))).toEqual([]);
  });

  const pass = (block: 'basic' | 'bottleneck', groups = 1) => {
    const config = smallResnet({ widths: [12], block, groups, blocks: 2 });
    const { program } = inference(config, schemeBuilder(interleaved(config)));
    return { before: program, after: layoutPass(program) };
  };

  test('a bottleneck moves no feature map', () => {
    const { before, after } = pass('bottleneck');
    expect(movedMaps(before).map(({ scope }) => scope)).toEqual(['layer1.0.conv2', 'layer1.1.conv2']);
    expect(movedMaps(after)).toEqual([]);
  });

  test('nor does a grouped one: the 1x1 convolution before it makes its channels in the right order', () => {
    const { before, after } = pass('bottleneck', 6);
    const inFirst = movedMaps(before).filter(({ scope }) => scope === 'layer1.0.conv2');
    expect(inFirst.map(({ op }) => op.name)).toEqual(['gather', 'split', 'gather']);
    expect(movedMaps(after)).toEqual([]);
  });

  test("a basic block's second convolution keeps one gather, its first none", () => {
    const { before, after } = pass('basic');
    expect(movedMaps(before)).toHaveLength(4);
    expect(movedMaps(after).map(({ inputs }) => inputs[0]!.node.op.name)).toEqual(['concat', 'concat']);
    // Behind the batch norm, which moved into the branches: the last op before the sum with the residual stream.
    expect(movedMaps(after).map(({ scope }) => scope)).toEqual(['layer1.0.bn2', 'layer1.1.bn2']);
  });

  test('contiguous runs move nothing', () => {
    const config = smallResnet({ widths: [6], block: 'basic' });
    const scheme = createScheme({
      ...interleaved(config),
      convolutions: convolutionSites(config).map(({ name }) => [name, [2, 2, 0, 1, 1, 1]]),
    });
    const { program } = inference(config, schemeBuilder(scheme));
    expect(movedMaps(program)).toEqual([]);
    expect(movedMaps(layoutPass(program))).toEqual([]);
  });

  test('batch norm and activation follow their convolution in every branch', () => {
    const { after } = pass('bottleneck');
    const concats = after.nodes.filter(({ op, scope }) => op.name === 'concat' && scope.startsWith('layer1.0'));
    expect(concats).toHaveLength(1);
    expect(concats[0]!.inputs.map(({ node }) => node.op.name)).toEqual(['relu', 'relu', 'relu']);
  });

  test('a plain network stays as it is', () => {
    const config = smallResnet({ widths: [4, 6], block: 'bottleneck', groups: 2 });
    const { program } = inference(config, plainConvolution);
    expect(layoutPass(program).nodes.every((node, i) => node === program.nodes[i])).toBe(true);
  });
});

test('the state stays in its order: a program reads the same variables, whole, before and after', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => {
      const { program, spec } = inference(config, schemeBuilder(scheme));
      const after = layoutPass(program);
      expect([...after.variables.keys()].sort()).toEqual([...program.variables.keys()].sort());
      for (const [name, tensor] of after.variables) expect(tensor.shape).toEqual(spec.get(name)!.shape);
    }),
    { numRuns: 30 },
  );
});

test('nothing is computed twice: multiply-adds are those of the plain network', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => {
      const { program, spec } = inference(config, schemeBuilder(scheme));
      const plain = programCosts(inference(config, plainConvolution).program, spec).macs;
      expect(programCosts(layoutPass(program), spec).macs).toBe(plain);
    }),
    { numRuns: 30 },
  );
});

test('folding leaves no permutation of weights, and only rounds', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => {
      const { program, feeds, values } = inference(config, schemeBuilder(scheme));
      const folded = foldVariables(layoutPass(program), values);
      const moved = movedMaps(folded);
      const gathers = folded.nodes.filter(({ op }) => ['gather', 'slice', 'split'].includes(op.name));
      expect(gathers).toEqual(moved);
      const expected = evaluate(program, feeds, values).outputs;
      const actual = evaluate(folded, feeds, values).outputs;
      for (const stage of Object.keys(expected)) {
        expect(relativeError(actual[stage]!, expected[stage]!)).toBeLessThan(1e-5);
      }
    }),
    { numRuns: 30 },
  );
});

describe('on onnxruntime', () => {
  const engine = onnxruntimeEngine();
  afterAll(() => engine.dispose());

  test.each([
    ['basic', 1],
    ['basic', 2],
    ['bottleneck', 1],
    ['bottleneck', 3],
  ] as const)(
    '%s blocks with %i groups: before and after, whole and folded, as the float64 reference (1e-5)',
    async (block, groups) => {
      const config = smallResnet({ widths: [6, 12], block, groups, blocks: 2, stem: { channels: 6 } });
      const scope = createScope();
      const scheme = interleaved(config);
      const x = input('x', 'float32', ['N', 3, 32, 32]);
      const logits = buildClassifier(scope, x, config, { classes: 5, convolution: schemeBuilder(scheme) });
      const naive = createProgram({ outputs: { logits } });
      const values = goldenState(scope.spec, 3);
      const feeds = { x: hashed([2, 3, 32, 32], 4) };
      const expected = evaluate(naive, feeds, values).outputs.logits!;
      const state = await engine.createState(scope.spec, values);
      const after = layoutPass(naive);
      for (const program of [naive, after, foldVariables(after, values)]) {
        const executable = await engine.compile(program);
        expect(relativeError((await executable.run(state, feeds)).logits!, expected)).toBeLessThan(1e-5);
      }
    },
  );
});
