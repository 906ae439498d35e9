import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildDetector,
  type DetectorConfig,
  exportDetector,
  fasterRcnnConfig,
  fcosConfig,
  retinanetConfig,
} from '@nats/detect';
import { nativeOnnxruntime } from '@nats/engine';
import { compareLatency } from '@nats/export';
import { hashNormal, initialize } from '@nats/graph';
import { detectorSpec } from '@nats/pipeline';
import { resnetConfig } from '@nats/space';
import { writeSafetensors } from '@nats/transfer';
import { type BenchResult, option, processorTime } from './lib/bench.js';
import { pythonOption } from './lib/python.js';
import { machineNow, summaryOption, writeSummary } from './lib/summary.js';

const CLASSES = 20;

const CONFIGS: Readonly<Record<string, (size: number) => DetectorConfig>> = {
  retinanet: (size) => retinanetConfig(baseOf(size)),
  fcos: (size) => fcosConfig(baseOf(size)),
  'faster-rcnn': (size) => fasterRcnnConfig(baseOf(size)),
};

function baseOf(size: number) {
  return { backbone: resnetConfig('resnet50'), inputSize: [size, size] as const, classes: CLASSES };
}

/** By which first values are multiplied, by the end of the name: activations that do not grow with depth, and scores on both sides of the threshold. */
const SCALES: Readonly<Record<string, number>> = {
  'bn3.weight': 0.3,
  'classification_head.cls_logits.weight': 400,
  'cls_score.weight': 20,
};

/**
 * Latency of exported detectors, suppression inside, and of torchvision's own with the same weights as PyTorch exports them (opset
 * 17): the same onnxruntime, one image of SIZE x SIZE, by turns. ResNet-50 with the pyramid and heads of `…_resnet50_fpn`, 20 classes.
 * Both have to find the same boxes.
 *
 * `npm run bench -- exported --python COMMAND [--size 512] [--rounds 15] [--threads 1] [--retinanet 1] [--fcos 1]
 * [--faster-rcnn 1] [--summary FILE]`; with one thread processor time counts, with more the clock.
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const [size, rounds, threads] = [option(args, 'size', 512), option(args, 'rounds', 15), option(args, 'threads', 1)];
  const [python] = pythonOption(args);
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const summary: (string | number)[][] = [];
  for (const kind of Object.keys(CONFIGS).filter((name) => option(args, name, 1) !== 0)) {
    const folder = await mkdtemp(join(tmpdir(), 'nats-exported-'));
    try {
      const ours = await exportOurs(kind, size, folder);
      const script = fileURLToPath(new URL('./export_torchvision.py', import.meta.url));
      const printed = execFileSync(python!.command, [script, kind, String(size), folder], { encoding: 'utf8' });
      const { library } = JSON.parse(printed.trim().split('\n').at(-1)!) as { library: string };
      const { InferenceSession, Tensor } = nativeOnnxruntime();
      const options = { intraOpNumThreads: threads, logSeverityLevel: 3 } as const;
      const sessions = await Promise.all(
        [ours, join(folder, 'theirs.onnx')].map((file) => InferenceSession.create(file, options)),
      );
      const pixels = Float32Array.from({ length: 3 * size * size }, (_, i) => hashNormal(1, i));
      const feeds = [
        { images: new Tensor('float32', pixels, [1, 3, size, size]) },
        { image: new Tensor('float32', pixels, [3, size, size]) },
      ];
      const found = detections(await sessions[0]!.run(feeds[0]!), await sessions[1]!.run(feeds[1]!));
      const latency = await compareLatency(
        { theirs: () => sessions[1]!.run(feeds[1]!), ours: () => sessions[0]!.run(feeds[0]!) },
        { rounds, warmUp: 3, ...(threads === 1 && { clock: processorTime }) },
      );
      for (const session of sessions) await session.release();
      const { ratio, ratioQuartiles } = latency.ours;
      rows.push({
        detector: kind,
        'ours, ms': latency.ours.median,
        'theirs, ms': latency.theirs.median,
        'ours / theirs': ratio,
        detections: found,
        library,
      });
      ratios[`latency-vs-torchvision/${kind}`] = ratio;
      const subject = `${kind}, ${size} px, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
      const quartiles = ratioQuartiles.map((value) => value.toFixed(2)).join(' to ');
      const times = [latency.ours, latency.theirs].map(({ median }) => median.toFixed(0));
      summary.push([subject, ...times, `${ratio.toFixed(2)} (${quartiles})`, found]);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  const file = summaryOption(args);
  const columns = ['exported detector', 'ours, ms', "PyTorch's export, ms", 'ours / theirs (quartiles)', 'detections'];
  const command = 'npm run bench -- exported';
  if (file !== undefined) writeSummary(file, { command, machine: machineNow(), columns, rows: summary });
  return { name: 'exported', rows, ratios, samples: {} };
}

/** Our file, and weights.safetensors for torchvision. @returns its path */
async function exportOurs(kind: string, size: number, folder: string): Promise<string> {
  const detector = buildDetector(CONFIGS[kind]!(size));
  const values = initialize(detectorSpec(detector), 1);
  for (const [name, { data }] of values) {
    const factor = Object.entries(SCALES).find(([end]) => name.endsWith(end))?.[1] ?? 1;
    for (let i = 0; i < data.length; i++) data[i]! *= factor;
  }
  await writeSafetensors(join(folder, 'weights.safetensors'), values);
  const bytes = exportDetector(detector, values, {
    classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    tool: 'bench',
    thresholds: { scoreThreshold: 0.05, iouThreshold: 0.5, maxDetections: 100 },
  });
  const file = join(folder, 'ours.onnx');
  await writeFile(file, bytes);
  return file;
}

type Results = Readonly<Record<string, { readonly data: unknown; readonly dims: readonly number[] }>>;

/** Rounding moves scores by a few 1e-7. */
const TOLERANCE = 1e-5;

/** How many both find. @throws Error where scores differ by more than rounding */
function detections(ours: Results, theirs: Results): number {
  const rows = ours.detections!.data as Float32Array;
  const count = (ours.valid!.data as Uint8Array).reduce((sum, value) => sum + value, 0);
  // Their exporter's order of outputs differs by detector.
  const [scores] = Object.values(theirs).flatMap(({ data, dims }) =>
    dims.length === 1 && data instanceof Float32Array ? [data] : [],
  ) as [Float32Array];
  const same = scores.every((score, i) => Math.abs(score - rows[6 * i + 4]!) <= TOLERANCE);
  if (count === 0 || count !== scores.length || !same)
    throw new Error(`ours finds ${count} boxes and theirs ${scores.length}; equal scores: ${same}`);
  return count;
}
