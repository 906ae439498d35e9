import {
  buildDetector,
  cascadeRcnnConfig,
  type DecodedImage,
  type DetectionOptions,
  type Detections,
  type DetectorConfig,
  demoDetectorConfig,
  demoFasterRcnnConfig,
  detectionsOnImage,
  letterbox,
  type MaskCandidateValues,
  maskRcnnConfig,
  placeImage,
  retinanetConfig,
  type UnpastedDetections,
  unpastedDetectionsOf,
} from '@nats/detect';
import {
  createProgram,
  createScope,
  type Dimension,
  type Engine,
  hashUniform,
  initialize,
  input,
  type Program,
  seedOf,
  type TensorData,
} from '@nats/graph';
import { smallResnet } from '@nats/space';
import { createNormalizer } from '@nats/train';

export const SIZE = [64, 96] as const;
export const STATISTICS = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.25, 0.3] } as const;
export const CLASSES = ['cell', 'plate', 'other'] as const;

const backbone = smallResnet({ inputChannels: 3, widths: [8, 16, 16], strides: [1, 2, 2] });

const fasterRcnn = demoFasterRcnnConfig({
  backbone,
  inputSize: SIZE,
  classes: CLASSES.length,
  pyramid: { channels: 16, extra: 'none' },
  proposals: { candidatesPerLevel: 60, iouThreshold: 0.7, maxProposals: 40 },
  representationSize: 16,
  maxCandidates: 100,
});

/** Batch norms in one, group norms in the other. */
export const CONFIGS: Readonly<Record<string, DetectorConfig>> = {
  fcos: demoDetectorConfig({
    backbone,
    inputSize: SIZE,
    classes: CLASSES.length,
    pyramid: { channels: 16, extra: 'none' },
    candidatesPerLevel: 150,
  }),
  retinanet: retinanetConfig({
    backbone,
    inputSize: SIZE,
    classes: CLASSES.length,
    stages: ['C3', 'C4'],
    pyramid: { channels: 16, extra: 'none' },
    anchors: [
      { sizes: [12, 18], aspectRatios: [0.5, 1, 2] },
      { sizes: [24, 36], aspectRatios: [0.5, 1, 2] },
    ],
    headDepth: 1,
    headNorm: { kind: 'group', groups: 4 },
    candidatesPerLevel: 150,
  }),
  'faster-rcnn': fasterRcnn,
  'cascade-rcnn': cascadeRcnnConfig(fasterRcnn),
  'mask-rcnn': maskRcnnConfig({
    ...fasterRcnn,
    maskPool: { ...fasterRcnn.boxPool, size: 5 },
    maskChannels: 8,
    maskDepth: 2,
    // As loosely as any file of a test suppresses: what is stricter is for the file.
    detection: { scoreThreshold: 0.05, iouThreshold: 0.7, maxDetections: 100 },
  }),
};

export function candidatesProgram(config: DetectorConfig, batch: Dimension = 'N') {
  const scope = createScope();
  const images = input('images', 'float32', [batch, 3, ...config.inputSize]);
  const program = createProgram({ outputs: { ...buildDetector(config).candidates(scope, images) } });
  return { program, spec: scope.spec };
}

/** Weights of a detector that finds much in anything: scores are apart and around the thresholds. */
export function livelyValues(config: DetectorConfig): Map<string, TensorData> {
  const { spec } = candidatesProgram(config);
  const spread = config.kind === 'fcos' ? 8 : 2;
  const changed = (name: string, { data }: TensorData) => {
    if (/cls_logits.bias$/.test(name)) return data.map(() => -2);
    if (/^head.*weight$/.test(name)) return data.map((x) => x * spread);
    if (/mask_fcn_logits.weight$/.test(name)) return data.map((x) => x * 60);
    if (/cls_score.weight$/.test(name)) return data.map((x) => x * 4);
    // Statistics and shifts that folding must take into account.
    if (/running_mean$|bn\d?.bias$/.test(name)) return data.map((_, i) => hashUniform(seedOf(3, name), i) - 0.5);
    if (/running_var$/.test(name)) return data.map((_, i) => 0.5 + hashUniform(seedOf(3, name), i));
    return data;
  };
  return new Map([...initialize(spec, 7)].map(([name, value]) => [name, { ...value, data: changed(name, value) }]));
}

/** Smooth blobs on noise. */
export function testImage(height: number, width: number, seed: number): DecodedImage {
  const pixels = new Uint8Array(3 * height * width);
  for (let c = 0; c < 3; c++) {
    const phase = 6 * hashUniform(seed, c);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const i = (c * height + y) * width + x;
        const wave = Math.sin((y * 17) / height + phase) * Math.cos((x * 23) / width + 2 * phase);
        pixels[i] = 127 + 90 * wave + 37 * hashUniform(seedOf(seed, 'noise'), i);
      }
    }
  }
  return { channels: 3, height, width, pixels };
}

/** What the detector finds on the loader's pixels, in pixels of each image, by the program itself. */
export async function expectedDetections(...args: Parameters<typeof expectedUnpasted>): Promise<Detections[]> {
  const images = args[4];
  const found = await expectedUnpasted(...args);
  return found.map((own, i) => detectionsOnImage(own, letterbox(images[i]!, SIZE), images[i]!));
}

/** The same on the canvas, with masks inside their boxes. */
export async function expectedUnpasted(
  engine: Engine,
  config: DetectorConfig,
  program: Program,
  values: ReadonlyMap<string, TensorData>,
  images: readonly DecodedImage[],
  options: DetectionOptions,
): Promise<UnpastedDetections[]> {
  const executable = await engine.compile(program);
  const state = await engine.createState(candidatesProgram(config).spec, values);
  const found: UnpastedDetections[] = [];
  for (const image of images) {
    const candidates = await executable.run(state, { images: preparedImage(image) });
    found.push(...unpastedDetectionsOf(candidates as unknown as MaskCandidateValues, options));
  }
  await executable.dispose();
  await state.dispose();
  return found;
}

const normalize = createNormalizer({ channels: 3, height: SIZE[0], width: SIZE[1] }, STATISTICS);

/** The loader's pixels. */
export function preparedImage(image: DecodedImage): TensorData {
  return normalize([placeImage(image, letterbox(image, SIZE), SIZE).pixels]);
}
