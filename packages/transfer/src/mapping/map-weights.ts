import { allocate, type DType, NatsError, type TensorData } from '@nats/graph';
import type { Weights } from '../weights.js';
import { chooseRules, compile, withPrefix } from './choose-rules.js';
import { nearestName } from './nearest.js';
import {
  hasSurprises,
  type LoadedWeight,
  type MismatchedWeight,
  type ReshapedWeight,
  type WeightReport,
} from './report.js';
import type { RuleSetName } from './rule-sets.js';
import type { MapRule, Renamed } from './rules.js';
import { reverseInputChannels, sameButOnes, sameShape } from './transform.js';

/** A parameter or statistic that a network has. */
export interface ExpectedWeight {
  readonly shape: readonly number[];
  /** Checked when given. */
  readonly dtype?: DType;
}

export interface MapOptions {
  /**
   * Names of conventions (`RULE_SETS`) and rules of the caller, applied in this order. `auto` (default) takes the rule
   * set that finds most of the network's names. detectron2's and Caffe2's sets turn BGR to RGB; with `auto` they do so
   * unless the file says it was converted from torchvision (`__author__`), so name `detectron2-rgb` when you know better.
   */
  readonly rules?: 'auto' | RuleSetName | readonly (RuleSetName | MapRule)[];
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
}

/** The classifier head, which changes with the classes, and PyTorch's counter, which only a cumulative average needs. */
export const EXPECTED_DIFFERENCES: readonly RegExp[] = [
  /^(?:fc|linear|last_linear|classifier|head\.fc)\.(?:weight|bias)$/,
  /(?:^|\.)num_batches_tracked$/,
];

/** torchvision's and detectron2's default of batch norms, which merged statistics are filled by. */
const NORM_EPS = 1e-5;

/**
 * Finds for every parameter of a network its tensor in a file.
 * @param weights a file's tensors, or all that `readWeights` returned.
 * @param expected the network's parameters and statistics by name, named as torchvision does, maybe behind a prefix.
 * @returns tensors by the network's names, in the network's order, with its shapes (the file's memory, not copied); and
 * what happened.
 * @throws NatsError `state` when strict and there are surprises (it lists them with the nearest names), `name` when two
 * tensors of the file map to the same name, `attribute` for an unknown rule set or a pattern that is no expression.
 */
export function mapWeights(
  weights: Weights | ReadonlyMap<string, TensorData>,
  expected: ReadonlyMap<string, ExpectedWeight>,
  options: MapOptions = {},
): { tensors: Map<string, TensorData>; report: WeightReport } {
  const { prefix = '', strict = true } = options;
  const tensors = 'tensors' in weights ? weights.tensors : weights;
  const author = 'tensors' in weights ? weights.metadata.__author__ : undefined;
  const choice = chooseRules(options.rules ?? 'auto', [...tensors.keys()], expected, prefix, author);
  const tolerated = (options.tolerate ?? EXPECTED_DIFFERENCES).map((pattern) => compile(pattern));
  const isTolerated = (name: string) => {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    return tolerated.some((pattern) => bare.search(pattern) >= 0);
  };
  const mapped = place(tensors, expected, choice.rename, prefix);
  if (choice.fillsNorms) fillNorms(mapped, expected, prefix);

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
    dropped: mapped.dropped,
    missing: surprisingMissing,
    unexpected: surprisingExtra.map(({ source }) => source),
    mismatched: surprisingMismatch,
    expected: {
      missing: expectedMissing,
      unexpected: expectedExtra.map(({ source }) => source),
      mismatched: expectedMismatch,
    },
  };
  if (strict && hasSurprises(report)) throw surprise(report, surprisingExtra);
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
  readonly filled: string[];
}

function place(
  tensors: ReadonlyMap<string, TensorData>,
  expected: ReadonlyMap<string, ExpectedWeight>,
  renameOne: (name: string) => Renamed,
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
    filled: [],
  };
  const sources = new Map<string, string>();
  for (const [source, stored] of tensors) {
    const renamed = renameOne(source);
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
        limit: 'drop one with a rule { match, replace: null }',
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

function fillNorms(placed: Placed, expected: ReadonlyMap<string, ExpectedWeight>, prefix: string): void {
  for (const [name, { shape }] of expected) {
    const [, norm, statistic] = /^(.*\.)running_(mean|var)$/.exec(name) ?? [];
    if (norm === undefined || placed.found.has(name) || !name.startsWith(prefix)) continue;
    if (!placed.found.has(`${norm}weight`) || !placed.found.has(`${norm}bias`)) continue;
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const data = allocate('float32', size).fill(statistic === 'mean' ? 0 : 1 - NORM_EPS);
    placed.found.set(name, { dtype: 'float32', shape: [...shape], data });
    placed.filled.push(name);
  }
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

/** How many surprises an error lists with their nearest names. */
const LISTED = 10;

function surprise(report: WeightReport, extra: readonly LoadedWeight[]): NatsError {
  const extraNames = extra.map(({ name }) => name);
  const near = (name: string, others: readonly string[]) => {
    const nearest = nearestName(name, others);
    return nearest === undefined ? name : `${name} (nearest: ${nearest})`;
  };
  const part = (label: string, items: readonly string[], show: (item: string) => string) => {
    if (items.length === 0) return [];
    const rest = items.length > LISTED ? `, … ${items.length - LISTED} more` : '';
    return [`${items.length} ${label}: ${items.slice(0, LISTED).map(show).join(', ')}${rest}`];
  };
  const mismatched = report.mismatched.map(({ name, received, wanted }) => `${name} is ${received}, not ${wanted}`);
  const received = [
    ...part('missing', report.missing, (name) => near(name, extraNames)),
    ...part('unexpected', extraNames, (name) => near(name, report.missing)),
    ...part('mismatched', mismatched, (text) => text),
  ].join('; ');
  return new NatsError('state', {
    rule: 'a file has the weights of the network, no more and no less',
    received,
    limit: 'map or drop them by rules, tolerate them, or pass strict: false',
  });
}
