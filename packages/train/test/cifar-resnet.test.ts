import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, createScope, foldVariables, hash32, input, seedOf, tensorData } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import {
  backboneCosts,
  buildClassifier,
  type ConvolutionBuilder,
  convolutionSites,
  createScheme,
  type Genotype,
  layoutPass,
  plainConvolution,
  type ResnetConfig,
  type ResnetName,
  resnetConfig,
  type Scheme,
  schemeBuilder,
} from '@nats/space';
import { mapWeights, readWeights } from '@nats/transfer';
import { afterAll, describe, expect, test } from 'vitest';

interface Variant {
  readonly logits: readonly (readonly number[])[];
  readonly float32Error: number;
}
interface Golden {
  readonly seed: number;
  readonly genotypes: readonly Genotype[];
  readonly cases: Readonly<
    Record<
      string,
      { file: string; parameters: number; macs: number; input: readonly number[]; plain: Variant; transformed: Variant }
    >
  >;
}
const golden = JSON.parse(readFileSync(new URL('./fixtures/cifar-resnet.json', import.meta.url), 'utf8')) as Golden;

/** Real weights of akamaster/pytorch_resnet_cifar10, in the folder that NATS_SHARED names; not part of the project. */
const shared = process.env.NATS_SHARED;

/** The scheme of tools/golden/space.py: hashed genotypes; about every fifth convolution stays plain. */
function goldenScheme(config: ResnetConfig): Scheme {
  const { seed, genotypes } = golden;
  const convolutions = convolutionSites(config)
    .filter(({ name }) => hash32(seedOf(seed, `plain ${name}`), 0) % 5 !== 0)
    .map(({ name, channels }): [string, Int32Array] => {
      const own = seedOf(seed, `genotype ${name}`);
      return [name, Int32Array.from({ length: channels }, (_, c) => hash32(own, c) % genotypes.length)];
    });
  const provenance = { tool: { name: 'tools/golden/space.py', version: '0' } };
  return createScheme({ backbone: config.name, genotypes, convolutions, provenance });
}

const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

describe.each(Object.entries(golden.cases))(
  '%s',
  (name, { file, parameters, macs, input: shape, plain, transformed }) => {
    const config = resnetConfig(name as ResnetName);

    test("has PyTorch's parameters and multiply-adds", () => {
      const costs = backboneCosts(config, { size: [shape[2]!, shape[3]!], classes: 10 });
      expect([costs.parameters, costs.macs]).toEqual([parameters, macs]);
    });

    const path = shared ? join(shared, 'data/cifar-resnet', file) : '';
    const missing = shared ? '' : ' (skipped: NATS_SHARED is not set)';
    test.skipIf(missing !== '')(
      `pretrained weights give PyTorch's logits, plain and with a mixed scheme, before and after the layout pass (1e-4)${missing}`,
      async () => {
        const build = (convolution: ConvolutionBuilder) => {
          const scope = createScope();
          const x = input('x', 'float32', ['N', 3, 32, 32]);
          const logits = buildClassifier(scope, x, config, { classes: 10, convolution });
          return { spec: scope.spec, program: createProgram({ outputs: { logits } }) };
        };
        const { spec, program } = build(plainConvolution);
        const { tensors: values, report } = mapWeights(await readWeights(path), spec);
        expect(report.loaded).toHaveLength(spec.size);
        const naive = build(schemeBuilder(goldenScheme(config))).program;
        const state = await engine.createState(spec, values);
        const feeds = { x: hashed(shape, seedOf(golden.seed, 'x')) };
        for (const [variant, candidate] of [
          [plain, program],
          [transformed, naive],
          [transformed, layoutPass(naive)],
          [transformed, foldVariables(layoutPass(naive), values)],
        ] as const) {
          const { logits } = await (await engine.compile(candidate)).run(state, feeds);
          const expected = tensorData('float32', [2, 10], variant.logits.flat());
          const scale = Math.max(...expected.data.map(Math.abs));
          const error = Math.max(...expected.data.map((value, i) => Math.abs(value - logits!.data[i]!))) / scale;
          expect(error).toBeLessThan(1e-4);
        }
      },
    );
  },
);
