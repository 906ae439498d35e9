import { buildDetector, demoDetectorConfig, detection, mnistDetection } from '@nats/detect';
import { type Feeds, hash32, type Program, type StateSpec, sizeOf, tensorData } from '@nats/graph';
import { isArchitecture, type Relaxation, samplingFeeds, supernetObjective } from '@nats/search';
import {
  anisotropicGenotypes,
  createScheme,
  demoResnet,
  isotropicGenotypes,
  type Scheme,
  type SearchSpace,
  schemeBuilder,
  searchSpace,
} from '@nats/space';
import { adam, adamw, readMnist, trainingStep } from '@nats/train';

const ST = { kind: 'sampled', estimator: 'straight-through' } as const;

/**
 * Relaxations by name. Steps of the weights are alike for all estimators of the sampled one (they draw, and have no use for
 * the architecture's gradient), so that `weights` names the variant whose step of the weights a search takes.
 */
export const RELAXATIONS: Readonly<Record<string, { readonly relaxation: Relaxation; readonly weights: string }>> = {
  sum: { relaxation: { kind: 'exact', form: 'sum' }, weights: 'sum' },
  dense: { relaxation: { kind: 'exact', form: 'dense' }, weights: 'dense' },
  sampled: { relaxation: { kind: 'sampled' }, weights: 'sampled' },
  images: { relaxation: ST, weights: 'sampled' },
  strips: { relaxation: { ...ST, strips: 8 }, weights: 'sampled' },
  reinmax: { relaxation: { ...ST, estimator: 'reinmax' }, weights: 'sampled' },
  'exact-last': { relaxation: { ...ST, exactStages: ['C4'] }, weights: 'exact-last' },
  partial: { relaxation: { kind: 'partial-channels' }, weights: 'partial' },
};

export interface StepToRun {
  readonly program: Program;
  readonly spec: StateSpec;
  readonly feeds: Feeds;
  /** Multiply-adds of all convolutions and their gradients in a step. */
  readonly work: number;
}

export function spaces(): Record<string, SearchSpace> {
  const space = (genotypes: SearchSpace['genotypes']) =>
    searchSpace(demoResnet(), { genotypes, division: { groups: 8 } });
  return { 'isotropic-3': space(isotropicGenotypes(3)), 'anisotropic-9': space(anisotropicGenotypes(3)) };
}

/** All variants: `plain`, `SPACE/FORM` for steps of the weights, `SPACE/FORM/architecture`. */
export function variantNames(): string[] {
  const weights = [...new Set(Object.values(RELAXATIONS).map((one) => one.weights)), 'derived'];
  return [
    'plain',
    ...Object.keys(spaces()).flatMap((space) => [
      ...weights.map((form) => `${space}/${form}`),
      ...Object.keys(RELAXATIONS).map((form) => `${space}/${form}/architecture`),
    ]),
  ];
}

/** A step of the demo detector: of the weights, plain, of a supernet or derived by a random scheme; or of an architecture. */
export async function stepOf(name: string, batchSize: number): Promise<StepToRun> {
  const { train } = await readMnist();
  const objective = detection({
    detector: buildDetector(demoDetectorConfig()),
    datasets: { train: mnistDetection({ digits: train, size: batchSize, seed: 1 }) },
    batchSize,
    maxObjects: 16,
  });
  const [title, form, phase] = name.split('/') as [string, string | undefined, 'architecture' | undefined];
  const space = spaces()[title];
  const convolution = space && form === 'derived' ? schemeBuilder(randomScheme(space)) : undefined;
  const relaxation = form === undefined ? undefined : RELAXATIONS[form]?.relaxation;
  const trained = space && relaxation ? supernetObjective(objective, space, forPhase(relaxation, phase)) : objective;
  // As `createSearch` has them; the length of the architecture's gradient is reported there.
  const { program, spec } = trainingStep(trained, {
    ...(phase
      ? { optimizer: adam({ betas: [0.5, 0.999] }), only: isArchitecture, statistics: 'keep', clipNorm: 1e30 }
      : { optimizer: adamw(), only: (parameter: string) => !isArchitecture(parameter) }),
    ...(convolution && { convolution }),
  });
  const rate = tensorData('float32', [], [1e-4]);
  const all: Feeds = {
    ...(await objective.batch('train', 0)),
    ...(space && samplingFeeds(space, 1, 0, 1)),
    learningRate: rate,
  };
  const feeds = Object.fromEntries(Object.entries(all).filter(([input]) => program.inputs.has(input)));
  return { program, spec, feeds, work: convolutionWork(program) };
}

/** Steps of the weights take the estimator that costs least, as `createSearch` does. */
function forPhase(relaxation: Relaxation, phase: 'architecture' | undefined): Relaxation {
  if (phase || relaxation.kind !== 'sampled') return relaxation;
  return { kind: 'sampled', ...(relaxation.exactStages && { exactStages: relaxation.exactStages }) };
}

/** A genotype for every channel group, drawn by lot. */
function randomScheme({ backbone, genotypes, sites }: SearchSpace): Scheme {
  return createScheme({
    backbone,
    genotypes,
    convolutions: sites.map(({ name, channels, channelGroups }, site) => [
      name,
      Int32Array.from(
        { length: channels },
        (_, c) => hash32(site, Math.floor((c * channelGroups) / channels)) % genotypes.length,
      ),
    ]),
    provenance: { tool: { name: 'bench/search', version: '0' }, method: 'random' },
  });
}

/** Which input, or else which attribute, has the shape of the weight. */
const WEIGHT: Readonly<Record<string, 1 | 'shape'>> = {
  conv2d: 1,
  convGradInput: 1,
  convGradWeight: 'shape',
  conv2dByChannelDilation: 1,
  channelDilationGradInput: 1,
  channelDilationGradWeight: 'shape',
};

/** A convolution and each of its gradients take as many multiply-adds as there are outputs, times taps and channels of each. */
function convolutionWork({ nodes }: Program): number {
  return nodes.reduce((sum, { op, inputs, outputs, attributes }) => {
    const where = WEIGHT[op.name];
    if (where === undefined) return sum;
    const forward = op.name === 'conv2d' || op.name === 'conv2dByChannelDilation';
    const outputShape = (forward ? outputs[0]! : inputs[0]!).shape as number[];
    const weight = where === 1 ? inputs[1]!.shape : (attributes as { shape: number[] }).shape;
    return sum + sizeOf(outputShape) * sizeOf(weight.slice(1) as number[]);
  }, 0);
}
