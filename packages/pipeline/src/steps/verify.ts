import {
  type DatasetRecord,
  type DecodedImage,
  type Detections,
  detectionsOnImage,
  letterbox,
  type MaskCandidateValues,
  modelDetections,
  type UnpastedDetections,
  unpastedDetectionsOf,
  unpastedModelDetections,
} from '@nats/detect';
import {
  DEFAULT_TOLERANCE,
  type DetectionSet,
  FLOAT16_TOLERANCE,
  type Verification,
  type VerificationTolerance,
  verify,
} from '@nats/export';
import { type Engine, type TensorData, tensorData } from '@nats/graph';
import type { Scheme } from '@nats/space';
import type { Config } from '../config/schema.js';
import { configRuntime } from '../model/model-engines.js';
import { type OpenDetector, openDetector, openDetectorBytes } from '../model/open-detector.js';
import type { StepContext, Weights } from './context.js';
import { candidatesProgram, exportedDetector } from './export.js';
import { networkInput, recordImage } from './network-input.js';
import type { Task } from './task.js';

/** How far above its threshold a detection is looked for: one at the threshold may fall to either side. */
const MARGIN = 0.05;

/**
 * Runs an exported file on real images beside the detector that was trained, each through its whole way from decoded
 * pixels to detections in the image. The scores of all candidates, in falling order, are compared too: of the same detector
 * written in the file's precision without suppression, so that one that finds nothing yet is evaluated as strictly.
 */
export async function verifyModel(
  { config, engine, signal, progress }: StepContext,
  task: Task,
  weights: Weights,
  scheme: Scheme | undefined,
  path: string,
): Promise<Verification> {
  const runtime = await configRuntime(config.engine);
  const samples = task.val.records.slice(0, config.export.verifyImages);
  const read = (record: DatasetRecord) => recordImage(record, task.detector.inputChannels);
  const trained = await openTrained(engine, task, weights, scheme);
  const models: OpenDetector[] = [];
  try {
    const model = await openDetector(path, runtime);
    models.push(model);
    const { precision = 'float32', thresholds } = model.convention;
    const open: Config = { ...config, export: { ...config.export, suppression: false, precision } };
    const candidates = await openDetectorBytes(exportedDetector(task, weights, scheme, open), path, runtime);
    models.push(candidates);
    return await verify({
      samples,
      trained: async (record) => {
        const image = await read(record);
        const found = await trained.run(image);
        const own = unpastedDetectionsOf(found, thresholds)[0]!;
        const onImage = detectionsOnImage(own, letterbox(image, task.detector.inputSize), image);
        return { values: { scores: falling(found.scores) }, detections: [compared(onImage, own)] };
      },
      model: async (record) => {
        const image = await read(record);
        const { scores } = await candidates.run(candidates.feeds([image]));
        const outputs = await model.run(model.feeds([image]));
        const [onImage] = modelDetections(model.convention, outputs, [image]);
        const [own] = unpastedModelDetections(model.convention, outputs);
        return { values: { scores: falling(scores!) }, detections: [compared(onImage!, own!)] };
      },
      side: ({ width, height }) => Math.max(width, height),
      minScore: thresholds.scoreThreshold + MARGIN,
      tolerance: toleranceOf(precision, config.export),
      signal,
      update: (done) => progress.update(`  verify: ${done} of ${samples.length} images`),
    });
  } finally {
    await trained.close();
    for (const model of models) await model.close();
  }
}

/** A file in float16 can't be as near as one in float32; what the settings say counts for both. */
function toleranceOf(
  precision: Config['export']['precision'],
  { tolerance, unmatched }: Config['export'],
): VerificationTolerance {
  const usual = precision === 'float16' ? FLOAT16_TOLERANCE : { ...DEFAULT_TOLERANCE, unmatched: 0.01 };
  return {
    ...usual,
    ...(tolerance !== undefined && { values: tolerance, score: tolerance, box: tolerance, mask: tolerance }),
    ...(unmatched !== undefined && { unmatched }),
  };
}

/** Boxes in pixels of the image, masks as they are inside their boxes: where pixels end may hang on the last bits of a side. */
function compared({ boxes, scores, labels }: Detections, { probabilities }: UnpastedDetections): DetectionSet {
  return { boxes, scores, labels, ...(probabilities && { masks: probabilities }) };
}

/** Places of candidates mean nothing: nearly equal scores may swap. */
function falling({ shape, data }: TensorData): TensorData {
  return tensorData('float32', shape, Float32Array.from(data).sort().reverse());
}

async function openTrained(engine: Engine, task: Task, weights: Weights, scheme: Scheme | undefined) {
  const { program, spec } = candidatesProgram(task, scheme, 1);
  const executable = await engine.compile(program);
  const state = await engine.createState(spec, weights);
  const seen = networkInput(task);
  return {
    run: async (image: DecodedImage) =>
      (await executable.run(state, { images: seen([image]) })) as unknown as MaskCandidateValues,
    close: async () => {
      await executable.dispose();
      await state.dispose();
    },
  };
}
