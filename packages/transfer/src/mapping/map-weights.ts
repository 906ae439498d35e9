import { allocate, type DType, NatsError, type TensorData } from '@nats/graph';
import type { Weights } from '../weights.js';
import { type Choice, chooseRules, type Rules, withPrefix } from './choose-rules.js';
import { compilePattern, literalPattern } from './patterns.js';
import {
  hasSurprises,
  type LoadedWeight,
  type MismatchedWeight,
  type ReshapedWeight,
  type WeightReport,
} from './report.js';
import { surprise } from './surprise.js';
import { NORM_EPSILON, rescaleNorms, reverseInputChannels, sameButOnes, sameShape } from './transform.js';

/** A parameter or statistic that a network has. */
export interface ExpectedWeight {
  readonly shape: readonly number[];
  /** Checked when given. */
  readonly dtype?: DType;
}

/** Options of `mapWeights`. */
export interface MapOptions {
  /**
   * `auto` (default) takes the rule set, and the place in the file, by which most of the network's names are found; names
   * outside that place are left out. A name of `RULE_SETS`, or a list of such names and rules of the caller, is applied as
   * it is. An object, as a config holds it, has patterns of its own before a set (`WeightRules`). detectron2's and Caffe2's
   * sets turn BGR to RGB; with `auto` they do so unless the file says it was converted from torchvision (`__author__`), so
   * name `detectron2-rgb` when you know better.
   */
  readonly rules?: Rules;
  /**
   * Put before every mapped name that does not begin with it: `backbone.body.`. Only the network's names behind it are
   * asked for; the others are not reported missing.
   */
  readonly prefix?: string;
  /** Throw when there are surprises. Default true. */
  readonly strict?: boolean;
  /**
   * Names (mapped, without prefix) whose absence, presence or other shape is no surprise. Default `EXPECTED_DIFFERENCES`:
   * the classifier head and num_batches_tracked.
   */
  readonly tolerate?: readonly (RegExp | string)[];
  /**
   * The epsilon that the file's batch norms were made with, where it is not 1e-5, which this project's have: their weights
   * are scaled so that the same function is computed. torchvision's first COCO checkpoints have 0 (`overwrite_eps`).
   */
  readonly batchNormEpsilon?: number;
}

/**
 * The head, which changes with the classes: a classifier, or the perceptron that self-supervised training puts in its place
 * (`fc.0.weight` of MoCo v2, SwAV's `projection_head` and `prototypes`). And PyTorch's counter, which only a cumulative average
 * needs.
 */
export const EXPECTED_DIFFERENCES: readonly RegExp[] = [
  /^(?:fc|linear|last_linear|classifier|head\.fc|projection_head|projector|prototypes)(?:\.\w+)*\.(?:weight|bias|running_mean|running_var)$/,
  /(?:^|\.)num_batches_tracked$/,
];

/**
 * Finds for every parameter of a network its tensor in a file.
 * @param weights a file's tensors, or all that `readWeights` returned.
 * @param expected the network's parameters and statistics by name, named as torchvision does, maybe behind a prefix.
 * @returns tensors by the network's names, in the network's order, with its shapes (the file's memory, not copied); and
 * what happened.
 * @throws NatsError `state` when strict and there are surprises (it lists them with the nearest names, and rules that would
 * settle them), `name` when two tensors of the file map to the same name or two models of it fit, `not-finite` for weights
 * with NaN or infinities and for negative variances, `attribute` for an unknown rule set or a pattern that is no expression.
 */
export function mapWeights(
  weights: Weights | ReadonlyMap<string, TensorData>,
  expected: ReadonlyMap<string, ExpectedWeight>,
  options: MapOptions = {},
): { tensors: Map<string, TensorData>; report: WeightReport } {
  const { prefix = '', strict = true } = options;
  const tensors = 'tensors' in weights ? weights.tensors : weights;
  const author = 'tensors' in weights ? weights.metadata.__author__ : undefined;
  const rules = options.rules ?? 'auto';
  const optional = typeof rules === 'object' && 'optional' in rules ? (rules.optional ?? []) : [];
  const tolerated = [...(options.tolerate ?? EXPECTED_DIFFERENCES), ...optional].map(compilePattern);
  const isTolerated = (name: string) => {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    return tolerated.some((pattern) => pattern.matches(bare));
  };
  const choice = chooseRules(rules, { tensors, expected, prefix, author, isTolerated });
  const mapped = place(tensors, expected, choice, prefix);
  refuseNotFinite(mapped);
  refuseNegativeVariances(mapped);
  if (choice.fillsNorms) fillNorms(mapped, expected, prefix);
  const { batchNormEpsilon = NORM_EPSILON } = options;
  const rescaled = batchNormEpsilon === NORM_EPSILON ? [] : rescaleNorms(mapped.found, batchNormEpsilon);

  const missing = [...expected.keys()].filter((name) => {
    return (
      name.startsWith(prefix) && !mapped.found.has(name) && !mapped.mismatched.some((other) => other.name === name)
    );
  });
  const [expectedMissing, surprisingMissing] = split(missing, isTolerated);
  const [expectedExtra, surprisingExtra] = split(mapped.unexpected, ({ name }) => isTolerated(name));
  const [expectedMismatch, surprisingMismatch] = split(mapped.mismatched, ({ name }) => isTolerated(name));
  const report: WeightReport = {
    rules: choice.label,
    loaded: mapped.loaded,
    reshaped: mapped.reshaped,
    filled: mapped.filled,
    reversed: mapped.reversed,
    rescaled,
    dropped: mapped.dropped,
    outside: mapped.outside,
    inside: choice.inside,
    others: choice.others,
    missing: surprisingMissing,
    unexpected: surprisingExtra.map(({ source }) => source),
    mismatched: surprisingMismatch,
    expected: {
      missing: expectedMissing,
      unexpected: expectedExtra.map(({ source }) => source),
      mismatched: expectedMismatch,
    },
  };
  if (strict && hasSurprises(report)) throw surprise(report, surprisingExtra, prefix);
  const inOrder = [...expected.keys()].flatMap((name) => {
    const tensor = mapped.found.get(name);
    return tensor === undefined ? [] : [[name, tensor] as const];
  });
  return { tensors: new Map(inOrder), report };
}

interface Placed {
  readonly found: Map<string, TensorData>;
  readonly loaded: LoadedWeight[];
  readonly reshaped: ReshapedWeight[];
  readonly mismatched: MismatchedWeight[];
  readonly unexpected: LoadedWeight[];
  readonly reversed: string[];
  readonly dropped: string[];
  readonly outside: string[];
  readonly filled: string[];
}

function place(
  tensors: ReadonlyMap<string, TensorData>,
  expected: ReadonlyMap<string, ExpectedWeight>,
  choice: Choice,
  prefix: string,
): Placed {
  const placed: Placed = {
    found: new Map(),
    loaded: [],
    reshaped: [],
    mismatched: [],
    unexpected: [],
    reversed: [],
    dropped: [],
    outside: [],
    filled: [],
  };
  const sources = new Map<string, string>();
  for (const [source, stored] of tensors) {
    const renamed = choice.rename(source);
    if (renamed.outside) {
      placed.outside.push(source);
      continue;
    }
    if (renamed.name === null) {
      placed.dropped.push(source);
      continue;
    }
    const name = withPrefix(renamed.name, prefix);
    const wanted = expected.get(name);
    if (wanted === undefined) {
      placed.unexpected.push({ name, source });
      continue;
    }
    const other = sources.get(name);
    if (other !== undefined) {
      throw new NatsError('name', {
        rule: 'one tensor of a file maps to each name of the network',
        received: `${JSON.stringify(other)} and ${JSON.stringify(source)} for ${JSON.stringify(name)}`,
        limit: `drop one, as in rules: ${JSON.stringify({ drop: [`^${literalPattern(other)}$`] })}`,
      });
    }
    sources.set(name, source);
    const turned = renamed.reverseInputChannels ? reverseInputChannels(stored) : undefined;
    fit(placed, name, source, turned ?? stored, wanted);
    if (turned !== undefined && placed.found.has(name)) placed.reversed.push(name);
  }
  return placed;
}

function fit(placed: Placed, name: string, source: string, tensor: TensorData, wanted: ExpectedWeight): void {
  const sameType = wanted.dtype === undefined || wanted.dtype === tensor.dtype;
  if (sameType && sameShape(tensor.shape, wanted.shape)) {
    placed.found.set(name, tensor);
    placed.loaded.push({ name, source });
  } else if (sameType && sameButOnes(tensor.shape, wanted.shape)) {
    placed.found.set(name, { ...tensor, shape: [...wanted.shape] });
    placed.reshaped.push({ name, source, from: tensor.shape, to: wanted.shape });
  } else {
    const received = `${tensor.dtype} [${tensor.shape.join(', ')}]`;
    placed.mismatched.push({
      name,
      source,
      received,
      wanted: `${wanted.dtype ?? tensor.dtype} [${wanted.shape.join(', ')}]`,
    });
  }
}

/** @throws NatsError `not-finite`, naming the file's tensors: such weights make every output NaN. */
function refuseNotFinite({ found, loaded, reshaped }: Placed): void {
  const bad = [...loaded, ...reshaped].filter(({ name }) => {
    const { dtype, data } = found.get(name)!;
    return dtype === 'float32' && !data.every(Number.isFinite);
  });
  if (bad.length === 0) return;
  const names = bad.slice(0, LISTED).map(({ source }) => JSON.stringify(source));
  throw new NatsError('not-finite', {
    rule: 'weights are finite numbers',
    received: `NaN or infinity in ${bad.length} of ${found.size} tensors: ${names.join(', ')}${bad.length > LISTED ? ', …' : ''}`,
    limit: 'take a checkpoint from before the training diverged',
  });
}

/** @throws NatsError `not-finite`: the root of a negative variance makes every output NaN. */
function refuseNegativeVariances({ found, loaded }: Placed): void {
  const bad = loaded.filter(({ name }) => {
    return name.endsWith('running_var') && found.get(name)!.data.some((value) => value < 0);
  });
  if (bad.length === 0) return;
  throw new NatsError('not-finite', {
    rule: 'variances of batch norms are not negative: their roots would be NaN',
    received: `negative ones in ${bad.length} tensors: ${bad
      .slice(0, LISTED)
      .map(({ source }) => JSON.stringify(source))
      .join(', ')}`,
    limit: 'take a checkpoint that was not damaged',
  });
}

const LISTED = 10;

function fillNorms(placed: Placed, expected: ReadonlyMap<string, ExpectedWeight>, prefix: string): void {
  for (const [name, { shape }] of expected) {
    const [, norm, statistic] = /^(.*\.)running_(mean|var)$/.exec(name) ?? [];
    if (norm === undefined || placed.found.has(name) || !name.startsWith(prefix)) continue;
    if (!placed.found.has(`${norm}weight`) || !placed.found.has(`${norm}bias`)) continue;
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const data = allocate('float32', size).fill(statistic === 'mean' ? 0 : 1 - NORM_EPSILON);
    placed.found.set(name, { dtype: 'float32', shape: [...shape], data });
    placed.filled.push(name);
  }
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
