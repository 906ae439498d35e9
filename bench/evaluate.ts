import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CocoAnnotation,
  type CocoBox,
  type CocoDetection,
  type CocoGroundTruth,
  type DetectionEvaluation,
  evaluateDetections,
  evaluateFiles,
  formatSummary,
  summarize,
} from '@nats/detect';
import { hashUniform } from '@nats/graph';
import { type BenchResult, formatTable, median, option } from './lib/bench.js';
import { evaluateByLibraries, libraryTable } from './lib/evaluate-libraries.js';
import { libraryRows } from './lib/libraries.js';
import { pythonOption } from './lib/python.js';
import { machineNow, summaryOption, writeSummary } from './lib/summary.js';

/** As many as in COCO's val2017, with 100 detections in every image. */
const FULL = { images: 5000, objects: 36000, detections: 500000 };
const CATEGORIES = 80;

interface Case {
  readonly groundTruth: CocoGroundTruth;
  readonly detections: CocoDetection[];
}

/**
 * COCO's evaluation of 500,000 detections, and of half as many to show that time grows linearly (a ratio of 2): from objects
 * in memory, and from two files, which is mostly reading JSON. Memory is the peak of the whole process up to then; before the
 * first evaluation it holds the detections themselves.
 *
 * Then ours, pycocotools and faster-coco-eval by turns, where an interpreter has them, each in a process of its own; they have to
 * find the same twelve numbers.
 *
 * `npm run bench -- evaluate [--rounds 5] [--python COMMAND] [--summary FILE] [--write FOLDER]`; `--write` also leaves
 * annotations.json and detections.json in a folder, for other tools (`tools/golden/coco-eval.py time FOLDER` is pycocotools on them).
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const rounds = option(args, 'rounds', 5);
  const half = generate(FULL.images / 2, FULL.objects / 2, FULL.detections / 2);
  const full = generate(FULL.images, FULL.objects, FULL.detections);
  const kept = args.includes('--write') ? args[args.indexOf('--write') + 1] : undefined;
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'nats-bench-evaluate-')));
  try {
    const [annotations, detections] = await writeCase(folder, full);
    const variants: Variant[] = [
      { name: 'half', of: half, work: () => evaluateDetections(half.groundTruth, half.detections) },
      { name: 'full', of: full, work: () => evaluateDetections(full.groundTruth, full.detections) },
      { name: 'full, from files', of: full, work: () => evaluateFiles(annotations, detections) },
    ];
    const peaks = [peakMegabytes()];
    const evaluations: DetectionEvaluation[] = [];
    for (const { work } of variants) {
      evaluations.push(await work());
      peaks.push(peakMegabytes());
    }
    const [stats, ofFiles] = evaluations.slice(1).map((evaluation) => summarize(evaluation).stats.join());
    if (stats !== ofFiles) throw new Error(`files give other numbers than memory: ${ofFiles} and ${stats}`);
    console.log(formatSummary(summarize(evaluations[1]!), evaluations[1]!));
    const times = await measure(variants, rounds);
    const others = await evaluateByLibraries(folder, pythonOption(args), rounds);
    const file = summaryOption(args);
    const columns = ['detections', 'library', 'evaluation, s', 'processor, s', 'from files, s', 'peak memory, MB'];
    const quantities = ['evaluation', 'processor', 'files', 'memory'];
    const summary = libraryRows(`${FULL.detections} in ${FULL.images} images`, others.measured, quantities);
    if (file !== undefined)
      writeSummary(file, {
        command: 'npm run bench -- evaluate',
        machine: machineNow(),
        columns,
        rows: summary,
      });
    const rows: Record<string, string | number>[] = variants.map(({ name, of: { groundTruth, detections } }, i) => ({
      evaluation: name,
      images: groundTruth.images.length,
      objects: groundTruth.annotations.length,
      detections: detections.length,
      'time (s)': median(times[`${name}, time`]!),
      'CPU time (s)': median(times[`${name}, CPU`]!),
      'peak memory (MB)': Math.round(peaks[i + 1]!),
      'before (MB)': Math.round(peaks[i]!),
    }));
    const ratio = (kind: string) => median(times[`full, ${kind}`]!) / median(times[`half, ${kind}`]!);
    return {
      name: 'evaluate',
      rows: [...rows, ...libraryTable(others.measured)],
      ratios: { 'time full / half': ratio('time'), 'CPU time full / half': ratio('CPU'), ...others.ratios },
      samples: {
        ...times,
        ...Object.fromEntries(
          others.measured.flatMap(({ library, values }) =>
            Object.entries(values).map(([quantity, list]) => [`${library}, ${quantity}`, list] as const),
          ),
        ),
      },
    };
  } finally {
    if (kept === undefined) await rm(folder, { recursive: true });
  }
}

interface Variant {
  readonly name: string;
  readonly of: Case;
  readonly work: () => DetectionEvaluation | Promise<DetectionEvaluation>;
}

/** Seconds of every variant, by turns: what passed, and what all threads of the process computed. */
async function measure(variants: readonly Variant[], rounds: number): Promise<Record<string, number[]>> {
  const samples: Record<string, number[]> = {};
  const add = (name: string, value: number) => {
    samples[name] ??= [];
    samples[name].push(value);
  };
  for (let round = 0; round < rounds; round++) {
    for (const { name, work } of variants) {
      const [start, used] = [performance.now(), process.cpuUsage()];
      await work();
      const { user, system } = process.cpuUsage(used);
      add(`${name}, time`, (performance.now() - start) / 1e3);
      add(`${name}, CPU`, (user + system) / 1e6);
    }
  }
  return samples;
}

/** Of the process so far. */
function peakMegabytes(): number {
  return process.resourceUsage().maxRSS / 1024;
}

async function writeCase(folder: string, { groundTruth, detections }: Case): Promise<[string, string]> {
  await mkdir(folder, { recursive: true });
  const paths: [string, string] = [join(folder, 'annotations.json'), join(folder, 'detections.json')];
  await writeFile(paths[0], JSON.stringify(groundTruth));
  await writeFile(paths[1], JSON.stringify(detections));
  return paths;
}

/** Objects of three sizes; for each object about three detections near it, the rest anywhere and with lower scores. */
function generate(imageCount: number, objectCount: number, detectionCount: number): Case {
  let drawn = 0;
  const uniform = () => hashUniform(5, drawn++);
  const images = Array.from({ length: imageCount }, (_, i) => ({ id: i + 1, width: 640, height: 480 }));
  const categories = Array.from({ length: CATEGORIES }, (_, i) => ({ id: i + 1, name: `category ${i + 1}` }));
  const box = (): CocoBox => {
    const side = 8 * 32 ** uniform();
    const [width, height] = [side * (0.5 + uniform()), side * (0.5 + uniform())];
    return [uniform() * (640 - width), uniform() * (480 - height), width, height];
  };
  // Some categories are much more frequent than others.
  const category = () => 1 + Math.floor(CATEGORIES * uniform() ** 2);
  const annotations = Array.from({ length: objectCount }, (_, i): CocoAnnotation => {
    const bbox = box();
    return {
      id: i + 1,
      image_id: 1 + Math.floor(uniform() * imageCount),
      category_id: category(),
      bbox,
      area: bbox[2] * bbox[3] * 0.7,
      iscrowd: uniform() < 0.01 ? 1 : 0,
    };
  });
  const detections = Array.from({ length: detectionCount }, (_, i): CocoDetection => {
    const object = uniform() < (3 * objectCount) / detectionCount ? annotations[i % objectCount] : undefined;
    if (!object) {
      return { image_id: 1 + (i % imageCount), category_id: category(), bbox: box(), score: uniform() ** 3 };
    }
    const [x, y, width, height] = object.bbox;
    const shift = () => (uniform() - 0.5) * 0.3;
    return {
      image_id: object.image_id,
      category_id: object.category_id,
      bbox: [x + width * shift(), y + height * shift(), width * (1 + shift()), height * (1 + shift())],
      score: uniform() ** 0.5,
    };
  });
  return { groundTruth: { images, categories, annotations }, detections };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { rows, ratios } = await run(process.argv.slice(2));
  console.log(formatTable(rows));
  console.log(ratios);
}
