import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  areaRanges,
  buildDetector,
  type CandidateValues,
  COCO_PARAMETERS,
  cached,
  type DetectionDataset,
  detectionsOf,
  evaluateDetector,
  mnistDetection,
} from '@nats/detect';
import { compareLatency, formatVerification, type RunResult, verify } from '@nats/export';
import type { Engine, TensorData } from '@nats/graph';
import { programCosts, type Scheme, schemeToJson, summarizeScheme } from '@nats/space';
import { createNormalizer, readMnist } from '@nats/train';
import type { DemoContext, Progress } from './context.js';
import { candidatesProgram, exportedDetector } from './exported.js';
import { kept, writeWhole } from './folder.js';
import { openModel } from './model-file.js';
import { type DemoSettings, detectorConfig, SIZES, STATISTICS } from './settings.js';
import { type ArmReport, demoTable } from './table.js';
import { pretrainedBackbone, searchedScheme, trainedDetector, type Weights } from './training.js';

export interface DemoOptions {
  readonly engine: Engine;
  readonly settings: DemoSettings;
  readonly folder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly original: ArmReport;
  readonly transformed: ArmReport;
  readonly table: string;
}

/** One of the two detectors. */
interface Arm {
  readonly name: 'original' | 'transformed';
  readonly scheme: Scheme | undefined;
  readonly weights: Weights;
  /** The exported file. */
  readonly path: string;
}

const LATENCY_ROUNDS = 60;

const detector = buildDetector(detectorConfig);
const normalize = createNormalizer(
  { channels: detector.inputChannels, height: detector.inputSize[0], width: detector.inputSize[1] },
  STATISTICS,
);

/**
 * The whole method on digits that lie on textures: pretrain, search, derive a scheme, train the detector without and with
 * it alike, evaluate, export, verify and time both. Every step's result is kept in the folder and not computed again.
 * @throws the signal's reason; Error if the folder belongs to other settings or an exported file differs from its detector
 */
export async function runDemo({ engine, settings, folder, progress, signal }: DemoOptions): Promise<DemoResult> {
  await claimFolder(folder, settings);
  const digits = await readMnist();
  const images = (split: 'train' | 'test', size: number) =>
    cached(mnistDetection({ digits: digits[split], size, seed: 1 }));
  const context: DemoContext = {
    engine,
    settings,
    folder,
    progress,
    signal,
    train: images('train', settings.trainingImages),
    test: images('test', settings.testImages),
  };
  progress.line(`1 Pretrain a classifier of digits (${settings.pretraining.steps} steps)`);
  const backbone = await pretrainedBackbone(context);
  progress.line(`2 Search dilations on two halves of the training images (${settings.search.steps} steps)`);
  const scheme = await searchedScheme(context, backbone);
  await writeWhole(join(folder, 'scheme.json'), schemeToJson(scheme));
  progress.line(summarizeScheme(scheme));
  progress.line(`3 Train the original and the transformed detector alike (${settings.steps} steps each)`);
  const arms: Arm[] = [];
  for (const name of ['original', 'transformed'] as const) {
    const own = name === 'original' ? undefined : scheme;
    const weights = await trainedDetector(context, name, backbone, own);
    arms.push({ name, scheme: own, weights, path: join(folder, `${name}.onnx`) });
  }
  progress.line(`4 Evaluate both on ${settings.testImages} test images`);
  const metrics: Record<string, number>[] = [];
  for (const arm of arms) metrics.push(await evaluated(context, arm));
  progress.line('5 Export both as ONNX and compare the files with what was trained');
  const sizes: number[] = [];
  for (const arm of arms) sizes.push(await exported(context, arm));
  progress.line('6 Time both files in turn');
  const latencies = await timed(context, arms);
  const [original, transformed] = arms.map((arm, i): ArmReport => {
    const { program, spec } = candidatesProgram(arm.scheme, 1);
    const { parameters, macs } = programCosts(program, spec);
    return { metrics: metrics[i]!, parameters, macs, bytes: sizes[i]!, milliseconds: latencies[i]! };
  }) as [ArmReport, ArmReport];
  const table = demoTable(original, transformed);
  await writeWhole(join(folder, 'table.txt'), `${table}\n`);
  await writeWhole(join(folder, 'result.json'), `${JSON.stringify({ settings, original, transformed }, null, 2)}\n`);
  return { original, transformed, table };
}

/** Results of other settings must not be taken for those of these. */
async function claimFolder(folder: string, settings: DemoSettings): Promise<void> {
  const path = join(folder, 'settings.json');
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  if (!existsSync(path)) return writeWhole(path, text);
  if ((await readFile(path, 'utf8')) === text) return;
  throw new Error(
    `${folder} holds a demonstration with other settings; choose another folder with --out, or delete it`,
  );
}

function evaluated(context: DemoContext, { name, scheme, weights }: Arm): Promise<Record<string, number>> {
  const { engine, test, signal, folder } = context;
  return kept(join(folder, `${name}.metrics.json`), async () => {
    const { spec } = candidatesProgram(scheme, 1);
    const state = await engine.createState(spec, weights);
    const { summary } = await evaluateDetector(
      {
        detector,
        dataset: test,
        normalize,
        batch: 32,
        parameters: { ...COCO_PARAMETERS, areaRanges: areaRanges(...SIZES) },
      },
      {
        engine,
        state,
        split: 'test',
        signal,
        compile: () => engine.compile(candidatesProgram(scheme, 32).program),
      },
    );
    await state.dispose();
    return { ...summary.named };
  });
}

/** Writes the file, runs it beside the trained detector on test images, and returns its size in bytes. */
async function exported({ engine, test, settings, progress, signal }: DemoContext, arm: Arm): Promise<number> {
  const bytes = exportedDetector(`${detectorConfig.backbone.name}-${arm.name}`, arm.weights, arm.scheme, test.classes);
  await writeWhole(arm.path, bytes);
  const model = await openModel(arm.path);
  const { program, spec } = candidatesProgram(arm.scheme, 1);
  const state = await engine.createState(spec, arm.weights);
  const executable = await engine.compile(program);
  const verification = await verify({
    trained: async (images) => resultOf((await executable.run(state, { images })) as unknown as CandidateValues),
    model: async (images) => resultOf(await model.run(images)),
    samples: normalizedImages(test, settings.verifiedImages),
    side: () => Math.max(...detector.inputSize),
    signal,
  });
  await model.close();
  await executable.dispose();
  await state.dispose();
  progress.line(`  ${arm.path}: ${formatVerification(verification)}`);
  if (!verification.passed) {
    throw new Error(`${arm.path} does not compute what was trained: ${verification.problems.join('; ')}`);
  }
  return bytes.length;
}

async function* normalizedImages(test: DetectionDataset, most: number): AsyncIterable<TensorData> {
  for (let i = 0; i < Math.min(most, test.size); i++) yield normalize([(await test.example(i)).pixels]);
}

/** Scores are in falling order, level by level, so places correspond even where boxes swap. */
function resultOf(candidates: CandidateValues): RunResult {
  return { values: { scores: candidates.scores }, detections: detectionsOf(candidates) };
}

async function timed({ test }: DemoContext, arms: readonly Arm[]): Promise<number[]> {
  const models = await Promise.all(arms.map(({ path }) => openModel(path)));
  const image = normalize([(await test.example(0)).pixels]);
  const runs = Object.fromEntries(models.map((model, i) => [arms[i]!.name, () => model.run(image)]));
  const latencies = await compareLatency(runs, { rounds: LATENCY_ROUNDS });
  for (const model of models) await model.close();
  return arms.map(({ name }) => latencies[name]!.median);
}
