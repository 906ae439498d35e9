import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hash32 } from '@nats/graph';
import { type BenchResult, option } from './lib/bench.js';

/**
 * Are files of any size read, in bounded memory? Generates annotations of the size of COCO train2017 (118,287 images, 860,001
 * polygons), one of 4 GB, results of 50,000 images with 100 detections each and a log of 10 million steps, and reads each in a
 * process of its own. Options: `--scale X` (default 1) of all sizes; `--only a,b` of the parts; `--keep DIR` keeps the files
 * there. Times and peaks of memory are in the table; ratios are by the goals (at most 1 meets them) at scale 1.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const scale = option(args, 'scale', 1);
  const only = textOption(args, 'only')?.split(',');
  const kept = textOption(args, 'keep');
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'nats-bench-data-'));
  mkdirSync(join(folder, 'images'), { recursive: true });
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, number[]> = {};
  try {
    for (const part of PARTS.filter(({ name }) => only?.includes(name) ?? true)) {
      console.log(`${part.name}: writes files …`);
      const files = part.files(folder, scale);
      for (const { name, goal, work } of part.measured) {
        const { seconds, cpuSeconds, megabytes, said } = await measured(work, folder);
        const megabytesRead = Math.round(files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6);
        rows.push({
          part: name,
          'MB of files': megabytesRead,
          seconds,
          'cpu s': cpuSeconds,
          'peak MB': megabytes,
          read: said,
        });
        samples[name] = [seconds, cpuSeconds, megabytes];
        if (goal?.seconds) ratios[`${name}/seconds-vs-goal`] = seconds / goal.seconds;
        if (goal?.megabytes) ratios[`${name}/memory-vs-goal`] = megabytes / goal.megabytes;
      }
      if (kept === undefined) for (const file of files) rmSync(file, { force: true });
    }
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
  return { name: 'data', rows, ratios, samples };
}

function textOption(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
}

interface Measured {
  readonly name: string;
  readonly goal?: { readonly seconds?: number; readonly megabytes?: number };
  /** Arguments of lib/data-worker.ts after the folder. */
  readonly work: readonly string[];
}

interface Part {
  readonly name: string;
  readonly files: (folder: string, scale: number) => string[];
  readonly measured: readonly Measured[];
}

const PARTS: readonly Part[] = [
  {
    name: 'train2017',
    files: (folder, scale) => [annotations(join(folder, 'train.json'), scale)],
    measured: [
      { name: 'read, boxes', goal: { seconds: 10, megabytes: 800 }, work: ['read', 'train.json', 'ignore'] },
      { name: 'read, masks', goal: { seconds: 10, megabytes: 800 }, work: ['read', 'train.json', 'require'] },
      { name: 'inspect', goal: { seconds: 20 }, work: ['inspect', 'train.json'] },
    ],
  },
  {
    name: '4 GB',
    // Ten times the polygons; of nine of ten nothing is kept.
    files: (folder, scale) => [annotations(join(folder, 'huge.json'), 10 * scale)],
    measured: [{ name: 'read, 4 GB', work: ['read', 'huge.json', 'ignore'] }],
  },
  {
    name: 'results',
    files: (folder, scale) => results(folder, scale),
    measured: [
      { name: 'evaluate', goal: { seconds: 15, megabytes: 1000 }, work: ['evaluate', 'truth.json', 'found.json'] },
    ],
  },
  {
    name: 'metrics',
    files: (folder, scale) => [metrics(folder, scale)],
    measured: [
      { name: 'inspect run', work: ['last-metrics', 'metrics.jsonl'] },
      { name: 'report', work: ['curves', 'metrics.jsonl'] },
    ],
  },
];

interface Outcome {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly said: string;
}

async function measured(work: readonly string[], folder: string): Promise<Outcome> {
  const worker = join(import.meta.dirname, 'lib', 'data-worker.ts');
  // Of the built packages, as users run them: the loader of sources names every function anew whenever it is made.
  const command = ['--import', 'tsx', worker, folder, ...work];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Outcome;
}

/** Writes a file by pieces of about a megabyte. */
function writer(path: string): { add(text: string): void; end(): string } {
  const file = openSync(path, 'w');
  let text = '';
  const flush = () => {
    writeSync(file, text);
    text = '';
  };
  return {
    add: (piece) => {
      text += piece;
      if (text.length > 2 ** 20) flush();
    },
    end: () => {
      flush();
      closeSync(file);
      return path;
    },
  };
}

/** Numbers from 0 up to a limit, by what they are for. */
const drawn = (limit: number, stream: number, k: number) => hash32(stream, k) % limit;

const CATEGORIES = Array.from({ length: 80 }, (_, i) => ({ supercategory: 'thing', id: i + 1, name: `class ${i}` }));

/** In the order and with the fields of COCO's own files; polygons of 24 points in the mean. */
function annotations(path: string, scale: number): string {
  const file = writer(path);
  const images = Math.round(118_287 * scale);
  const objects = Math.round(860_001 * scale);
  file.add('{"info":{"description":"generated","year":2017},"licenses":[{"id":1,"name":"none"}],"images":[');
  for (let i = 0; i < images; i++) {
    const name = String(i + 1).padStart(12, '0');
    file.add(
      `${i === 0 ? '' : ','}{"license":1,"file_name":"${name}.jpg","coco_url":"http://images.example.org/train2017/${name}.jpg","height":480,"width":640,"date_captured":"2013-11-14 11:18:45","id":${i + 1}}`,
    );
  }
  file.add('],"annotations":[');
  for (let i = 0; i < objects; i++) {
    const [x, y, width, height] = [drawn(400, 1, i), drawn(300, 2, i), 10 + drawn(220, 3, i), 10 + drawn(160, 4, i)];
    const points = 8 + drawn(33, 5, i);
    const polygon = Array.from({ length: 2 * points }, (_, k) => {
      const share = drawn(10_000, 6, i * 97 + k) / 10_000;
      return (k % 2 === 0 ? x + share * width : y + share * height).toFixed(2);
    });
    file.add(
      `${i === 0 ? '' : ','}{"segmentation":[[${polygon.join(',')}]],"area":${(0.6 * width * height).toFixed(2)},"iscrowd":0,"image_id":${1 + drawn(images, 7, i)},"bbox":[${x},${y},${width},${height}],"category_id":${1 + drawn(80, 8, i)},"id":${i + 1}}`,
    );
  }
  file.add(`],"categories":${JSON.stringify(CATEGORIES)}}`);
  return file.end();
}

/** 50,000 images with 7 objects and 100 detections each, of which every tenth is near an object. */
function results(folder: string, scale: number): string[] {
  const images = Math.round(50_000 * scale);
  const truth = writer(join(folder, 'truth.json'));
  const found = writer(join(folder, 'found.json'));
  const box = (i: number) => [drawn(400, 11, i), drawn(300, 12, i), 10 + drawn(220, 13, i), 10 + drawn(160, 14, i)];
  truth.add('{"images":[');
  for (let i = 0; i < images; i++) truth.add(`${i === 0 ? '' : ','}{"id":${i + 1},"width":640,"height":480}`);
  truth.add('],"annotations":[');
  for (let i = 0; i < 7 * images; i++) {
    const sides = box(i);
    truth.add(
      `${i === 0 ? '' : ','}{"id":${i + 1},"image_id":${1 + Math.floor(i / 7)},"category_id":${1 + drawn(80, 15, i)},"bbox":[${sides.join(',')}],"area":${sides[2]! * sides[3]!},"iscrowd":0}`,
    );
  }
  truth.add(`],"categories":${JSON.stringify(CATEGORIES)}}`);
  found.add('[');
  for (let i = 0; i < 100 * images; i++) {
    const image = Math.floor(i / 100);
    const object = 7 * image + (i % 7);
    const isNear = i % 10 === 0;
    const sides = isNear ? box(object).map((side) => side + drawn(6, 16, i)) : box(7_000_000 + i);
    const category = 1 + (isNear ? drawn(80, 15, object) : drawn(80, 17, i));
    found.add(
      `${i === 0 ? '' : ','}{"image_id":${image + 1},"category_id":${category},"bbox":[${sides.join(',')}],"score":${(drawn(1e6, 18, i) / 1e6).toFixed(6)}}`,
    );
  }
  found.add(']');
  return [truth.end(), found.end()];
}

/** Ten million steps of a training. */
function metrics(folder: string, scale: number): string {
  const steps = Math.round(1e7 * scale);
  const file = writer(join(folder, 'metrics.jsonl'));
  file.add(`{"type":"start","step":0,"steps":${steps},"objective":"detection","trained":1,"parameters":1}\n`);
  for (let step = 1; step <= steps; step++) {
    file.add(
      `{"type":"step","step":${step},"loss":${(1 + drawn(1000, 21, step) / 1000).toFixed(6)},"metrics":{"classification":0.51,"box":0.32,"gradientNorm":4.2},"learningRate":0.01,"seconds":0.21,"waitSeconds":0.01,"imagesPerSecond":38.1}\n`,
    );
  }
  writeFileSync(join(folder, 'run.json'), '');
  return file.end();
}
