import { check, type TensorData, yieldToEventLoop } from '@nats/graph';
import { type Agreement, compareDetections, type DetectionSet, FULL_AGREEMENT, joinAgreements } from './agreement.js';
import { compareValues, type Difference, largerDifference } from './differences.js';

/** What one run gives for a sample. */
export interface RunResult {
  /**
   * Compared element by element: leave out what may come in another order, such as boxes of candidates, whose places
   * depend on the last bits of their scores.
   */
  readonly values?: Readonly<Record<string, TensorData>>;
  /** Of each image of the sample. */
  readonly detections?: readonly DetectionSet[];
}

/** How far results may be apart. */
export interface VerificationTolerance {
  /** Largest relative difference of any value; default 1e-3. */
  readonly values: number;
  /** Largest difference of scores, as a part of the image's best; default 1e-3. */
  readonly score: number;
  /** Largest difference of a box's sides, as a part of the image's longer side; default 1e-3. */
  readonly box: number;
  /** Largest difference of any part of a mask, from 0 to 1; default 1e-3. */
  readonly mask: number;
  /** Largest share of detections that only one of the two has; default 0. */
  readonly unmatched: number;
}

/** Float32 against float32 of another runtime. */
export const DEFAULT_TOLERANCE: VerificationTolerance = {
  values: 1e-3,
  score: 1e-3,
  box: 1e-3,
  mask: 1e-3,
  unmatched: 0,
};

/** A file in float16 (11 bits of 24) against float32: measured in docs/performance.md. */
export const FLOAT16_TOLERANCE: VerificationTolerance = {
  values: 2e-2,
  score: 2e-2,
  box: 2e-2,
  mask: 5e-2,
  unmatched: 0.02,
};

/** What is run and compared, and on which samples. */
export interface VerifyOptions<Sample> {
  /** Runs what was trained. */
  trained(sample: Sample): RunResult | Promise<RunResult>;
  /** Runs the file. */
  model(sample: Sample): RunResult | Promise<RunResult>;
  readonly samples: Iterable<Sample> | AsyncIterable<Sample>;
  readonly tolerance?: Partial<VerificationTolerance>;
  /** Longer side in pixels of an image of a sample; default: the largest coordinate of its boxes. */
  side?(sample: Sample, image: number): number;
  /** Detections of lower scores are not looked for; default 0.1. May depend on what was trained to be found in an image. */
  readonly minScore?: number | ((expected: DetectionSet) => number);
  readonly signal?: AbortSignal;
  /** Told after each sample. */
  update?(samples: number): void;
}

/** What was found. */
export interface Verification {
  readonly samples: number;
  /** By name, over all samples. */
  readonly values: Readonly<Record<string, Difference>>;
  /** Over all images; none if no detections were given. */
  readonly agreement?: Agreement;
  readonly tolerance: VerificationTolerance;
  /** What is above tolerance, in words; empty if the file does what was trained. */
  readonly problems: readonly string[];
  readonly passed: boolean;
}

/**
 * Compares a file with what it was made from, on samples. Knows no engine: both are functions.
 * @throws NatsError `shape` if the two give different names or shapes; `attribute` without samples
 */
export async function verify<Sample>(options: VerifyOptions<Sample>): Promise<Verification> {
  const tolerance = { ...DEFAULT_TOLERANCE, ...options.tolerance };
  const values: Record<string, Difference> = {};
  let agreement: Agreement | undefined;
  let samples = 0;
  for await (const sample of options.samples) {
    options.signal?.throwIfAborted();
    const [expected, found] = [await options.trained(sample), await options.model(sample)];
    for (const [name, difference] of Object.entries(compareResults(expected, found))) {
      const known = values[name];
      values[name] = known ? largerDifference(known, difference) : difference;
    }
    const own = sampleAgreement(sample, expected, found, options);
    if (own) agreement = agreement ? joinAgreements(agreement, own) : own;
    samples++;
    options.update?.(samples);
    await yieldToEventLoop();
  }
  check(samples > 0, 'attribute', () => ({ rule: 'a file is verified on at least one sample', received: 'none' }));
  const problems = problemsOf(values, agreement, tolerance);
  return {
    samples,
    values,
    ...(agreement && { agreement }),
    tolerance,
    problems,
    passed: problems.length === 0,
  };
}

function compareResults({ values: expected = {} }: RunResult, { values: found = {} }: RunResult) {
  const names = Object.keys(expected);
  check(names.toSorted().join() === Object.keys(found).toSorted().join(), 'shape', () => ({
    rule: 'the file and what was trained give values of the same names',
    received: Object.keys(found).join(', ') || 'none',
    limit: names.join(', ') || 'none',
  }));
  return Object.fromEntries(names.map((name) => [name, compareValues(expected[name]!, found[name]!, name)]));
}

function sampleAgreement<Sample>(
  sample: Sample,
  { detections: expected }: RunResult,
  { detections: found }: RunResult,
  { side, minScore }: VerifyOptions<Sample>,
): Agreement | undefined {
  check(expected?.length === found?.length, 'shape', () => ({
    rule: 'the file and what was trained give detections of the same images',
    received: `${found?.length ?? 'none'}`,
    limit: `${expected?.length ?? 'none'}`,
  }));
  return expected
    ?.map((own, image) => {
      const longer = side?.(sample, image) ?? largestCoordinate(own, found![image]!);
      const least = typeof minScore === 'function' ? minScore(own) : minScore;
      return compareDetections(own, found![image]!, {
        side: longer,
        ...(least !== undefined && { minScore: least }),
      });
    })
    .reduce(joinAgreements, FULL_AGREEMENT);
}

function largestCoordinate(...sets: readonly DetectionSet[]): number {
  let largest = 1;
  for (const { boxes } of sets) for (const box of boxes) for (const side of box) if (side > largest) largest = side;
  return largest;
}

function problemsOf(
  values: Readonly<Record<string, Difference>>,
  agreement: Agreement | undefined,
  tolerance: VerificationTolerance,
): string[] {
  const problems: string[] = [];
  const limit = (what: string, value: number, most: number) => {
    if (!(value <= most)) problems.push(`${what}: ${value.toExponential(1)} is above the tolerance of ${most}`);
  };
  for (const [name, { relative }] of Object.entries(values))
    limit(`relative difference of ${name}`, relative, tolerance.values);
  if (agreement) {
    const { detections, missing, additional, score, box, mask } = agreement;
    limit('difference of scores', score.relative, tolerance.score);
    limit("difference of boxes, as a part of the image's side", box.relative, tolerance.box);
    if (mask) limit('difference of masks', mask.absolute, tolerance.mask);
    const all = detections + additional;
    if (all > 0)
      limit('share of detections that one of the two lacks', (missing + additional) / all, tolerance.unmatched);
  }
  if (Object.keys(values).length === 0 && !agreement?.detections && !agreement?.additional) {
    problems.push('nothing was compared: no values were given, and there was no detection to look for');
  }
  return problems;
}

/** A verification in lines of text. */
export function formatVerification({ samples, values, agreement, problems, passed }: Verification): string {
  const number = (value: number) => (value === 0 ? '0' : value.toExponential(1));
  const both = ({ absolute, relative }: Difference) => `${number(absolute)} absolute, ${number(relative)} relative`;
  const lines = [`compared on ${samples} ${samples === 1 ? 'sample' : 'samples'}, largest differences:`];
  for (const [name, difference] of Object.entries(values)) lines.push(`  ${name}: ${both(difference)}`);
  if (agreement) {
    const { detections, missing, additional, score, box, mask } = agreement;
    lines.push(
      `  detections: ${detections - missing} of ${detections} found again, ${additional} additional`,
      `  scores of the same detection: ${both(score)}`,
      `  boxes of the same detection: ${number(box.absolute)} pixels, ${number(box.relative)} of the image's side`,
      ...(mask ? [`  masks of the same detection: ${number(mask.absolute)} absolute`] : []),
    );
  }
  return [...lines, passed ? 'passed' : `failed: ${problems.join('; ')}`].join('\n');
}
