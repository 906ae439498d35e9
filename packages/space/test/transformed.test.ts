import { readFileSync } from 'node:fs';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, createScope, foldVariables, input, seedOf, tensorData } from '@nats/graph';
import { goldenState, hashed, relativeError } from '@nats/graph/testing';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type BackboneName,
  backboneConfig,
  buildClassifier,
  type Genotype,
  layoutPass,
  schemeBuilder,
} from '../src/index.js';
import { goldenScheme } from './golden-scheme.js';

interface Variant {
  readonly logits: readonly (readonly number[])[];
  readonly float32Error: number;
}
interface Golden {
  readonly seed: number;
  readonly genotypes: readonly Genotype[];
  readonly cases: Readonly<Record<string, { input: readonly number[]; plain: Variant; transformed: Variant }>>;
}
const golden = JSON.parse(readFileSync(new URL('./fixtures/transformed.json', import.meta.url), 'utf8')) as Golden;

const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

describe.each(Object.entries(golden.cases))(
  'torchvision %s with hashed weights',
  (name, { input: shape, ...variants }) => {
    const config = backboneConfig(name as BackboneName);
    const scheme = goldenScheme(config, golden.genotypes, golden.seed);
    const feeds = { x: hashed(shape, seedOf(golden.seed, 'x')) };
    const build = (variant: keyof typeof variants) => {
      const scope = createScope();
      const convolution = variant === 'transformed' ? { convolution: schemeBuilder(scheme) } : {};
      const logits = buildClassifier(scope, input('x', 'float32', ['N', ...(shape.slice(1) as number[])]), config, {
        classes: 10,
        ...convolution,
      });
      return { spec: scope.spec, program: createProgram({ outputs: { logits } }) };
    };
    const values = goldenState(build('plain').spec, golden.seed);
    const expected = (variant: keyof typeof variants) =>
      tensorData('float32', [2, 10], variants[variant].logits.flat());

    test("gives PyTorch's logits, plain and transformed, before and after the layout pass and folding (1e-5)", async () => {
      const plain = build('plain');
      const transformed = build('transformed');
      const laidOut = layoutPass(transformed.program);
      const state = await engine.createState(plain.spec, values);
      for (const [variant, program] of [
        ['plain', plain.program],
        ['transformed', transformed.program],
        ['transformed', laidOut],
        ['transformed', foldVariables(laidOut, values)],
      ] as const) {
        const executable = await engine.compile(program);
        const { logits } = await executable.run(state, feeds);
        expect(relativeError(logits!, expected(variant)), variant).toBeLessThan(
          Math.max(1e-5, 4 * variants[variant].float32Error),
        );
        await executable.dispose();
      }
      expect(relativeError(expected('transformed'), expected('plain'))).toBeGreaterThan(0.1);
    });
  },
);
