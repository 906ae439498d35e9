import { boxApName, COCO_NUMBERS, COCO_SIZES, numberOf } from './coco-numbers.js';
import { counted, formatDifference, formatNumber, listed } from './format.js';
import type { ReportArm, ReportData } from './report-data.js';
import { difference } from './statistics.js';

/** COCO's own validation set has 5,000 images; below a fifth of it, which images were taken moves AP visibly. */
const FEW_TEST_IMAGES = 1000;

/** What a reader must know before believing the numbers, from the data; then the caller's own sentences. */
export function caveatsOf(data: ReportData): string[] {
  const arms = data.arms ?? [];
  return [
    ...(arms.length === 1 ? [`Only one model is here (${arms[0]!.name}): there is nothing to compare it with.`] : []),
    ...seedCaveats(arms),
    ...dataCaveats(data),
    ...costCaveats(arms),
    ...budgetCaveats(data),
    ...(data.caveats ?? []),
  ];
}

function seedCaveats(arms: readonly ReportArm[]): string[] {
  const judged = arms.filter(({ evaluations = [] }) => evaluations.length > 0);
  if (judged.length === 0) return [];
  const single = judged.filter(({ evaluations = [] }) => evaluations.length === 1);
  const sentences: string[] = [];
  if (single.length === judged.length) {
    sentences.push(
      judged.length > 1
        ? 'One seed each: this shows nothing about the spread between seeds. A difference of a point or more can come from the seed alone.'
        : 'One seed: this shows nothing about the spread between seeds.',
    );
  } else if (single.length > 0) {
    sentences.push(`One seed only: ${listed(single.map(({ name }) => name))}. Nothing is known of its spread.`);
  }
  const ap = boxApName(judged);
  const [reference, ...others] = judged;
  if (!reference) return sentences;
  for (const arm of others) {
    const found = difference(numberOf(reference, 0), numberOf(arm, 0));
    if (!found?.interval) continue;
    const [low, high] = found.interval.map((side) => formatDifference(side, 1));
    const seeds = `${counted(arm.evaluations?.length ?? 0, 'seed')}${found.paired ? ', compared seed by seed' : ''}`;
    sentences.push(
      found.verdict === 'within'
        ? `The difference of ${ap} between ${reference.name} and ${arm.name} (${formatDifference(found.mean, 1)}) is within the spread over ${seeds}: its 95 % interval is ${low} to ${high}. It may be chance.`
        : `The difference of ${ap} between ${reference.name} and ${arm.name} (${formatDifference(found.mean, 1)}) is larger than the spread over ${seeds}: its 95 % interval is ${low} to ${high}.`,
    );
    const twelve = COCO_NUMBERS.map((_, i) => difference(numberOf(reference, i), numberOf(arm, i)));
    const within = COCO_NUMBERS.filter((_, i) => i > 0 && twelve[i]?.verdict === 'within').map(({ name }) => name);
    if (within.length > 0) sentences.push(`Also within the spread for ${arm.name}: ${listed(within)}.`);
  }
  return sentences;
}

function dataCaveats({ dataset, arms = [] }: ReportData): string[] {
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
    arms.some((arm) => (arm.evaluations?.length ?? 0) > 0 && numberOf(arm, i).length === 0),
  ).map(({ name }) => name);
  if (missing.length > 0) sentences.push(`No objects to judge by, so no number: ${listed(missing)}.`);
  return sentences;
}

function costCaveats(arms: readonly ReportArm[]): string[] {
  const sentences: string[] = [];
  const different = (value: (arm: ReportArm) => number | undefined) =>
    new Set(arms.map(value).filter((known) => known !== undefined)).size > 1;
  const unequal = [
    ...(different(({ parameters }) => parameters) ? ['parameters'] : []),
    ...(different(({ macs }) => macs) ? ['multiply-adds'] : []),
  ];
  if (unequal.length > 0) sentences.push(`The models differ in ${listed(unequal)}: they do not cost the same.`);
  const timed = arms.filter(({ latency }) => latency !== undefined);
  const [reference, ...others] = timed;
  if (reference && others.length > 0) {
    sentences.push('Latency is of this machine and this load; only the ratio within one report says something.');
  }
  for (const arm of others) {
    if (overlap(reference!, arm)) {
      sentences.push(
        `The latencies of ${reference!.name} and ${arm.name} overlap: their difference is within the spread of runs.`,
      );
    }
  }
  return sentences;
}

function overlap({ latency: a }: ReportArm, { latency: b }: ReportArm): boolean {
  if (a?.low === undefined || a.high === undefined || b?.low === undefined || b.high === undefined) return false;
  return a.low <= b.high && b.low <= a.high;
}

function budgetCaveats({ trainings = [], arms = [] }: ReportData): string[] {
  const steps = new Map(
    arms.flatMap(({ name }) => {
      const own = trainings.filter(({ arm }) => arm === name).map(({ points }) => points.at(-1)?.step ?? 0);
      return own.length === 0 ? [] : [[name, Math.max(...own)] as const];
    }),
  );
  if (new Set(steps.values()).size < 2) return [];
  const each = [...steps].map(([name, count]) => `${name} ${formatNumber(count)}`);
  return [`The models were not trained equally long (steps: ${listed(each)}): a difference may come from that.`];
}
