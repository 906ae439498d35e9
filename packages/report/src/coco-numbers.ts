import { check } from '@nats/graph';
import type { ReportVariant } from './report-data.js';
import type { Seeded } from './statistics.js';

/** COCO's twelve numbers in pycocotools' order. */
export const COCO_NUMBERS = [
  { name: 'AP', note: 'IoU 0.50 to 0.95' },
  { name: 'AP50', note: 'IoU 0.50' },
  { name: 'AP75', note: 'IoU 0.75' },
  { name: 'AP small', note: '' },
  { name: 'AP medium', note: '' },
  { name: 'AP large', note: '' },
  { name: 'AR1', note: '1 detection' },
  { name: 'AR10', note: '10 detections' },
  { name: 'AR100', note: '100 detections' },
  { name: 'AR small', note: '' },
  { name: 'AR medium', note: '' },
  { name: 'AR large', note: '' },
] as const;

/** One of the twelve numbers for each seed, in percent; seeds without such objects are left out. */
export function numberOf({ name, evaluations = [] }: ReportVariant, index: number): Seeded[] {
  return evaluations.flatMap(({ seed, stats }) => {
    check(stats.length === COCO_NUMBERS.length, 'shape', () => ({
      rule: "an evaluation has COCO's twelve numbers",
      received: `${stats.length}`,
      where: name,
    }));
    return percent(stats[index], seed);
  });
}

/** The same model with the numbers of its masks in place of those of its boxes; without numbers if it gives no masks. */
export function evaluatedByMasks(variant: ReportVariant): ReportVariant {
  const evaluations = (variant.evaluations ?? []).flatMap(({ seed, masks }) =>
    masks ? [{ ...masks, ...(seed !== undefined && { seed }) }] : [],
  );
  return { ...variant, evaluations };
}

/** Whether any model gives masks. */
export function haveMasks(variants: readonly ReportVariant[]): boolean {
  return variants.some(({ evaluations = [] }) => evaluations.some(({ masks }) => masks !== undefined));
}

/** What AP of boxes is called beside that of masks, or alone. */
export function boxApName(variants: readonly ReportVariant[]): string {
  return haveMasks(variants) ? 'box AP' : 'AP';
}

/** AP of one class for each seed, in percent. */
export function classAp({ evaluations = [] }: ReportVariant, index: number): Seeded[] {
  return evaluations.flatMap(({ seed, perCategory }) => percent(perCategory?.[index], seed));
}

function percent(value: number | undefined, seed: number | undefined): Seeded[] {
  return value === undefined || !(value >= 0) ? [] : [{ seed, value: 100 * value }];
}

/** The mean over seeds; undefined if there are none. */
export function meanOf(values: readonly Seeded[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, { value }) => sum + value, 0) / values.length;
}

/** What small, medium and large mean: `side below 32 pixels`. */
export function sizeNotes([small, large]: readonly [number, number]): readonly [string, string, string] {
  return [`side below ${small} px`, `${small} to ${large} px`, `side above ${large} px`];
}

export const COCO_SIZES = [32, 96] as const;
