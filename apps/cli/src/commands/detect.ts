import { mkdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  type CocoMask,
  cocoMask,
  type Detections,
  drawPng,
  IMAGE_EXTENSIONS,
  imageFiles,
  readImage,
} from '@nats/detect';
import { NatsError } from '@nats/graph';
import {
  modelFile,
  modelRuntime,
  NEXT,
  type OpenDetector,
  openDetector,
  timeLeft,
  UsageError,
  withInterruption,
  writeAtomic,
} from '@nats/pipeline';
import { printable } from '@nats/transfer';
import type { Command } from 'commander';
import { isOutputClosed } from '../output.js';
import { streamProgress } from '../progress.js';
import { addModelEngineFlag, countingNumber, printJson, shareNumber, tellNext } from './shared.js';

interface DetectFlags {
  readonly out?: string;
  readonly json?: true;
  readonly recursive?: true;
  readonly minScore: number;
  readonly threads: number;
  readonly engine?: string;
}

/** `nats detect`: what is on images. */
export function detectCommand(program: Command): void {
  addModelEngineFlag(program.command('detect'))
    .summary('Detect on images with an exported model')
    .description(
      'Detect on images with an exported model: boxes as a table or JSON (with masks, if it gives masks), pictures with --out',
    )
    .argument('<model>', 'an ONNX file of nats export, or its run')
    .argument('<images...>', 'image files, or folders of them')
    .option('--out <dir>', 'where pictures with boxes and masks go; files of the same name are replaced')
    .option('--recursive', 'images in folders below, too')
    .option('--min-score <number>', 'leave out detections below', shareNumber, 0.25)
    .option('--threads <number>', 'intra-op threads', countingNumber, 2)
    .option(
      '--json',
      "print as JSON: a list of {image, width, height, detections: [{box, label, score, mask}]}, mask as COCO's RLE if the model gives masks; {image, error} for an image that can't be read",
    )
    .addHelpText('after', '\nExample:\n  $ nats detect runs/transformed/model.onnx photos/ --out pictures')
    .action(run);
}

/** One image as `--json` prints it. */
interface DetectedImage {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly detections: readonly {
    /** x1, y1, x2, y2 in pixels of the image. */
    readonly box: readonly number[];
    readonly label: string;
    readonly score: number;
    /** As large as the image: `{"size": [height, width], "counts": text}`, which pycocotools and COCO's result files take. */
    readonly mask?: CocoMask;
  }[];
}

async function run(path: string, paths: readonly string[], flags: DetectFlags): Promise<void> {
  const images = (await Promise.all(paths.map((path) => imagesAt(path, flags.recursive ?? false)))).flat();
  if (flags.out !== undefined) checkDifferentNames(images);
  const model = await openDetector(modelFile(path), await modelRuntime(flags.threads, flags.engine));
  const progress = streamProgress(process.stderr);
  try {
    await withInterruption('stopped', async (signal) => {
      const found: (DetectedImage | FailedImage)[] = [];
      const failed: string[] = [];
      const started = performance.now();
      for (const [i, image] of images.entries()) {
        signal.throwIfAborted();
        if (isOutputClosed() && flags.out === undefined) break;
        try {
          const detected = await detectOn(image, model, flags);
          if (flags.json) found.push(detected);
          else process.stdout.write(tableOf(detected));
        } catch (error) {
          // One image that can't be read is no reason to leave out the others.
          if (!isImageError(error, image)) throw error;
          failed.push(error.message);
          found.push({ image, error: error.message });
          if (images.length > 1) progress.line(`  ${printable(error.message)}`);
        }
        const left = ((performance.now() - started) / 1000 / (i + 1)) * (images.length - i - 1);
        if (images.length > 1) progress.update(`  ${i + 1} of ${images.length} images, ${timeLeft(left)}`);
        await setImmediate();
      }
      if (flags.json) printJson(found);
      if (images.length > 1) progress.line(`  ${images.length} images`);
      if (failed.length > 0) throw new Error(printable(failureOf(failed, images.length)));
    });
    tellNext(NEXT.detect(path, flags.out));
  } finally {
    await model.close();
  }
}

/** An image that can't be read, as `--json` prints it. */
interface FailedImage {
  readonly image: string;
  readonly error: string;
}

/** The error of a command that went on after it. */
function failureOf([first, ...others]: readonly string[], images: number): string {
  if (images === 1) return first!;
  return `${others.length + 1} of ${images} images can't be read, and were left out; the first: ${first}`;
}

/** Whether an error is about the image: its content, or reading it. */
function isImageError(error: unknown, image: string): error is Error {
  if (error instanceof NatsError) return error.code === 'malformed';
  return error instanceof Error && 'path' in error && error.path === image;
}

async function imagesAt(path: string, recursive: boolean): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const images = await imageFiles(path, recursive);
  if (images.length > 0) return images;
  const below = recursive ? '' : '; --recursive looks into the folders in it';
  throw new UsageError(`${path} has no images (${[...IMAGE_EXTENSIONS].join(', ')})${below}`);
}

/** Two pictures must not become one file. */
function checkDifferentNames(images: readonly string[]): void {
  const known = new Map<string, string>();
  for (const image of images) {
    const name = pictureName(image);
    const other = known.get(name);
    if (other !== undefined && other !== image) {
      throw new UsageError(
        `pictures of ${other} and ${image} would have the same name; detect on them one after another`,
      );
    }
    known.set(name, image);
  }
}

function pictureName(image: string): string {
  return `${basename(image, extname(image))}.png`;
}

async function detectOn(path: string, model: OpenDetector, { out, minScore }: DetectFlags): Promise<DetectedImage> {
  const { input, classes } = model.convention;
  const image = await readImage(path, { channels: input.channels === 1 ? 1 : 3 });
  const found = atLeast(await model.detect(image), minScore);
  if (out !== undefined) {
    await mkdir(out, { recursive: true });
    await writeAtomic(join(out, pictureName(path)), await drawPng(image, found, { classes }));
  }
  return {
    image: path,
    width: image.width,
    height: image.height,
    detections: found.boxes.map((box, k) => ({
      box,
      label: classes[found.labels[k]!]!,
      score: found.scores[k]!,
      ...(found.masks && { mask: cocoMask(found.masks[k]!) }),
    })),
  };
}

function atLeast({ boxes, scores, labels, masks }: Detections, least: number): Detections {
  const kept = [...scores.keys()].filter((k) => {
    const [x1, y1, x2, y2] = boxes[k]!;
    return scores[k]! >= least && x2 > x1 && y2 > y1;
  });
  return {
    boxes: kept.map((k) => boxes[k]!),
    scores: kept.map((k) => scores[k]!),
    labels: kept.map((k) => labels[k]!),
    ...(masks && { masks: kept.map((k) => masks[k]!) }),
  };
}

function tableOf({ image, width, height, detections }: DetectedImage): string {
  const head = `${printable(image)} (${width} x ${height}): ${detections.length} detections\n`;
  const widest = detections.reduce((most, { label }) => Math.max(most, printable(label).length), 5);
  const rows = detections.map(
    ({ box, label, score }) =>
      `  ${printable(label).padEnd(widest)}  ${score.toFixed(3)}  ${box.map((side) => side.toFixed(1).padStart(7)).join(' ')}\n`,
  );
  return head + rows.join('');
}
