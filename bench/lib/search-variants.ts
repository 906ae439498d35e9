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
import { adamw, type Objective, readMnist, trainingStep } from '@nats/train';

export const FORMS = ['sum', 'dense', 'sampled', 'derived'] as const;

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

/** All variants: `plain`, and `SPACE/FORM`. */
export function variantNames(): string[] {
  return ['plain', ...Object.keys(spaces()).flatMap((space) => FORMS.map((form) => `${space}/${form}`))];
}

/** The weight step of the demo detector, plain, as a supernet, or derived by a random scheme. */
export async function stepOf(name: string, batchSize: number): Promise<StepToRun> {
  const { train } = await readMnist();
  const objective = detection({
    detector: buildDetector(demoDetectorConfig()),
    datasets: { train: mnistDetection({ digits: train, size: batchSize, seed: 1 }) },
    batchSize,
    maxObjects: 16,
  });
  const [title, form] = name.split('/') as [string, (typeof FORMS)[number] | undefined];
  const space = spaces()[title];
  const convolution = space && form === 'derived' ? schemeBuilder(randomScheme(space)) : undefined;
  const { program, spec } = trainingStep(form && space ? superOf(objective, space, form) : objective, {
    optimizer: adamw(),
    only: (parameter) => !isArchitecture(parameter),
    ...(convolution && { convolution }),
  });
  const sampling = space && form === 'sampled' ? samplingFeeds(space, 1, 0, 1) : {};
  const rate = tensorData('float32', [], [1e-4]);
  const feeds = { ...(await objective.batch('train', 0)), ...sampling, learningRate: rate };
  return { program, spec, feeds, work: convolutionWork(program) };
}

function superOf(objective: Objective, space: SearchSpace, form: (typeof FORMS)[number]): Objective {
  if (form === 'derived') return objective;
  const relaxation: Relaxation = form === 'sampled' ? { kind: 'sampled' } : { kind: 'exact', form };
  return supernetObjective(objective, space, relaxation);
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
