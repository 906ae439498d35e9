import { boxApName, COCO_NUMBERS, COCO_SIZES, numberOf } from './coco-numbers.js';
import { counted, formatDifference, formatNumber, listed } from './format.js';
import type { ReportData, ReportVariant } from './report-data.js';
import { difference } from './statistics.js';

/** COCO's own validation set has 5,000 images; below a fifth of it, which images were taken moves AP visibly. */
const FEW_TEST_IMAGES = 1000;

/** What a reader must know before believing the numbers, from the data; then the caller's own sentences. */
export function caveatsOf(data: ReportData): string[] {
  const variants = data.variants ?? [];
  return [
    ...(variants.length === 1
      ? [`Only one model is here (${variants[0]!.name}): there is nothing to compare it with.`]
      : []),
    ...seedCaveats(variants),
    ...dataCaveats(data),
    ...costCaveats(variants),
    ...budgetCaveats(data),
    ...(data.caveats ?? []),
  ];
}

function seedCaveats(variants: readonly ReportVariant[]): string[] {
  const evaluated = variants.filter(({ evaluations = [] }) => evaluations.length > 0);
  if (evaluated.length === 0) return [];
  const single = evaluated.filter(({ evaluations = [] }) => evaluations.length === 1);
  const sentences: string[] = [];
  if (single.length === evaluated.length) {
    sentences.push(
      evaluated.length > 1
        ? 'One seed each: this shows nothing about the spread between seeds. A difference of a point or more can come from the seed alone.'
        : 'One seed: this shows nothing about the spread between seeds.',
    );
  } else if (single.length > 0) {
    sentences.push(`One seed only: ${listed(single.map(({ name }) => name))}. Nothing is known of its spread.`);
  }
  const ap = boxApName(evaluated);
  const [reference, ...others] = evaluated;
  if (!reference) return sentences;
  for (const variant of others) {
    const found = difference(numberOf(reference, 0), numberOf(variant, 0));
    if (!found?.interval) continue;
    const [low, high] = found.interval.map((side) => formatDifference(side, 1));
    const seeds = `${counted(variant.evaluations?.length ?? 0, 'seed')}${found.paired ? ', compared seed by seed' : ''}`;
    sentences.push(
      found.verdict === 'within'
        ? `The difference of ${ap} between ${reference.name} and ${variant.name} (${formatDifference(found.mean, 1)}) is within the spread over ${seeds}: its 95 % interval is ${low} to ${high}. It may be chance.`
        : `The difference of ${ap} between ${reference.name} and ${variant.name} (${formatDifference(found.mean, 1)}) is larger than the spread over ${seeds}: its 95 % interval is ${low} to ${high}.`,
    );
    const twelve = COCO_NUMBERS.map((_, i) => difference(numberOf(reference, i), numberOf(variant, i)));
    const within = COCO_NUMBERS.filter((_, i) => i > 0 && twelve[i]?.verdict === 'within').map(({ name }) => name);
    if (within.length > 0) sentences.push(`Also within the spread for ${variant.name}: ${listed(within)}.`);
  }
  return sentences;
}

function dataCaveats({ dataset, variants = [] }: ReportData): string[] {
  const sentences: string[] = [];
  if (dataset?.testImages !== undefined && dataset.testImages < FEW_TEST_IMAGES) {
    sentences.push(
      `${counted(dataset.testImages, 'test image')}: another choice of so few images would give other numbers, for all models.`,
    );
  }
  const [small, large] = dataset?.sizeBounds ?? COCO_SIZES;
  if (small !== COCO_SIZES[0] || large !== COCO_SIZES[1]) {
    sentences.push(
      `Small, medium and large are parted at ${small} and ${large} pixels, not at COCO's ${COCO_SIZES.join(' and ')}.`,
    );
  }
  const missing = COCO_NUMBERS.filter((_, i) =>
    variants.some((variant) => (variant.evaluations?.length ?? 0) > 0 && numberOf(variant, i).length === 0),
  ).map(({ name }) => name);
  if (missing.length > 0) sentences.push(`No objects to evaluate by, so no number: ${listed(missing)}.`);
  return sentences;
}

function costCaveats(variants: readonly ReportVariant[]): string[] {
  const sentences: string[] = [];
  const different = (value: (variant: ReportVariant) => number | undefined) =>
    new Set(variants.map(value).filter((known) => known !== undefined)).size > 1;
  const unequal = [
    ...(different(({ parameters }) => parameters) ? ['parameters'] : []),
    ...(different(({ macs }) => macs) ? ['multiply-adds'] : []),
  ];
  if (unequal.length > 0) sentences.push(`The models differ in ${listed(unequal)}: they do not cost the same.`);
  const timed = variants.filter(({ latency }) => latency !== undefined);
  const [reference, ...others] = timed;
  if (reference && others.length > 0) {
    sentences.push('Latency is of this machine and this load; only the ratio within one report says something.');
  }
  for (const variant of others) {
    if (overlap(reference!, variant)) {
      sentences.push(
        `The latencies of ${reference!.name} and ${variant.name} overlap: their difference is within the spread of runs.`,
      );
    }
  }
  return sentences;
}

function overlap({ latency: a }: ReportVariant, { latency: b }: ReportVariant): boolean {
  if (a?.low === undefined || a.high === undefined || b?.low === undefined || b.high === undefined) return false;
  return a.low <= b.high && b.low <= a.high;
}

function budgetCaveats({ trainings = [], variants = [] }: ReportData): string[] {
  const steps = new Map(
    variants.flatMap(({ name }) => {
      const own = trainings.filter(({ variant }) => variant === name).map(({ points }) => points.at(-1)?.step ?? 0);
      return own.length === 0 ? [] : [[name, Math.max(...own)] as const];
    }),
  );
  if (new Set(steps.values()).size < 2) return [];
  const each = [...steps].map(([name, count]) => `${name} ${formatNumber(count)}`);
  return [`The models were not trained equally long (steps: ${listed(each)}): a difference may come from that.`];
}
