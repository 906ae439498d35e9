import {
  buildDetector,
  cascadeRcnnConfig,
  type DetectorConfig,
  demoDetectorConfig,
  demoFasterRcnnConfig,
  demoMaskRcnnConfig,
} from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  detectorPhases,
  detectorSpec,
  loadConfig,
  openTask,
  pretrainedWeights,
  pretrainRun,
  readDatasets,
  taskObjective,
} from '@nats/pipeline';
import { createTraining } from '@nats/train';
import { type BenchResult, option } from './lib/bench.js';

const FOLDER = 'runs/detectors';

interface Kind {
  readonly name: string;
  readonly config: DetectorConfig;
  /** Whether it is there without its option. */
  readonly isDefault: boolean;
  /** Whether its images need masks: the same images, but sizes go by the masks' areas. */
  readonly masks?: boolean;
}

/** By option. */
const KINDS: Readonly<Record<string, Kind>> = {
  fcos: { name: 'FCOS, one stage', config: demoDetectorConfig(), isDefault: true },
  faster: { name: 'Faster R-CNN', config: demoFasterRcnnConfig(), isDefault: true },
  cascade: { name: 'Cascade R-CNN', config: cascadeRcnnConfig(demoFasterRcnnConfig()), isDefault: false },
  mask: { name: 'Mask R-CNN', config: demoMaskRcnnConfig(), isDefault: false, masks: true },
};

const MASK_METRICS = ['segm/AP', 'segm/AP50', 'segm/APsmall', 'segm/APmedium', 'segm/APlarge'];

/**
 * The detectors of demonstration size under one budget: the same pretrained classifier, images, steps, batch, optimizer
 * and learning rate. COCO's AP on MNIST-detection, of masks, too, for Mask R-CNN, and what a step costs.
 *
 * `npm run bench -- detectors [--threads 1] [--seed 10] [--steps 1000] [--test 1500] [--fcos 1] [--faster 1]
 * [--cascade 0] [--mask 0]`: 1 or 0 for each detector, whose results do not depend on the others; the classifier is kept
 * in `runs/detectors`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const seed = option(args, 'seed', 10);
  const engine = onnxruntimeEngine({ threads: option(args, 'threads', 1) });
  const config = await loadConfig({
    file: 'apps/cli/demo.config.json',
    flags: {
      'data.val': option(args, 'test', 1_500),
      'train.steps': option(args, 'steps', 1_000),
      'train.evaluateEvery': option(args, 'steps', 1_000),
    },
  });
  const own = { ...config, seed };
  const progress = { line: (text: string) => console.log(text), update: () => undefined };
  const command = `npm run bench -- detectors ${args.join(' ')}`;
  const context = { config, engine, progress, command, signal: new AbortController().signal };
  await pretrainRun(context, FOLDER);
  const task = await openTask(own);
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, readonly number[]> = {};
  const chosen = Object.entries(KINDS).filter(([flag, { isDefault }]) => option(args, flag, isDefault ? 1 : 0) !== 0);
  for (const [, { name, config: detectorConfig, masks = false }] of chosen) {
    const detector = buildDetector(detectorConfig);
    // The same images; with masks, sizes go by the masks' areas.
    const images = masks ? await readDatasets(own.data!, { masks: true }) : {};
    const objective = taskObjective({ ...task, ...images, detectorConfig, detector }, own, own.train);
    const { phases } = detectorPhases(own.train, task.backbone);
    const weights = { ...own.weights, file: FOLDER };
    const training = await createTraining({
      engine,
      objective,
      steps: own.train.steps,
      seed,
      initial: await pretrainedWeights(weights, detectorSpec(detector), context),
      phases,
      evaluation: { split: 'val' },
    });
    const started = process.cpuUsage();
    let processor = 0;
    const parameters = [...(await training.values())].filter(([parameter]) => !parameter.includes('running_'));
    for await (const event of training.events()) {
      if (event.type === 'step') {
        const { user, system } = process.cpuUsage(started);
        processor = (user + system) / 1000 / event.step;
        if (event.step % 100 === 0) console.log(`${name}: step ${event.step}, loss ${event.loss.toFixed(3)}`);
      }
      if (event.type !== 'evaluation') continue;
      const { AP = 0, AP50 = 0, APsmall = 0, APmedium = 0, APlarge = 0 } = event.metrics;
      const [ap, ap50, small, medium, large] = [AP, AP50, APsmall, APmedium, APlarge].map((x) => x * 100);
      rows.push({
        detector: name,
        parameters: parameters.reduce((sum, [, { data }]) => sum + data.length, 0),
        'processor ms a step': Math.round(processor),
        AP: ap!,
        AP50: ap50!,
        small: small!,
        medium: medium!,
        large: large!,
        ...Object.fromEntries(
          MASK_METRICS.filter((key) => key in event.metrics).map((key) => [key, event.metrics[key]! * 100]),
        ),
      });
      ratios[`AP of ${rows[0]!.detector} / AP of ${name}`] = Number(rows[0]!.AP) / ap!;
      samples[name] = [ap!];
      console.log(JSON.stringify(rows.at(-1)));
    }
    await training.dispose();
    await objective.dispose();
  }
  await engine.dispose();
  return { name: 'detectors', rows, ratios, samples };
}
