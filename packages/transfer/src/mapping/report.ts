import { printable } from '../printable.js';

/** A tensor that found its place. */
export interface LoadedWeight {
  /** The network's name. */
  readonly name: string;
  /** The file's name. */
  readonly source: string;
}

/** A weight that has another shape in the file, with the same values. */
export interface ReshapedWeight extends LoadedWeight {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** A tensor of the right name and another shape or dtype; it is not loaded. */
export interface MismatchedWeight extends LoadedWeight {
  /** In the file, as `float32 [1000, 512]`. */
  readonly received: string;
  /** In the network. */
  readonly wanted: string;
}

/** Differences between a file and a network, by kind. */
export interface WeightDifferences {
  /** Names of the network that the file does not have. */
  readonly missing: readonly string[];
  /** Names of the file that the network does not have. */
  readonly unexpected: readonly string[];
  readonly mismatched: readonly MismatchedWeight[];
}

/** What `mapWeights` did. The differences at the top are surprises; those under `expected` are not. */
export interface WeightReport extends WeightDifferences {
  /** The rules used: names of rule sets, `custom` for rules of the caller. */
  readonly rules: string;
  /** With the network's shape. */
  readonly loaded: readonly LoadedWeight[];
  /** Loaded too, with dimensions of size 1 added or removed. */
  readonly reshaped: readonly ReshapedWeight[];
  /** Running statistics that were not in the file and follow from its convention (mean 0, variance 1 - eps). */
  readonly filled: readonly string[];
  /** First convolutions whose input channels were turned from BGR to RGB. */
  readonly reversed: readonly string[];
  /** Batch norms whose weight was scaled, because the file's were made with another epsilon. */
  readonly rescaled: readonly string[];
  /** Names of the file that a rule dropped. */
  readonly dropped: readonly string[];
  /** Where in the file the network was found, such as `module.encoder_q.`; '' if it is the whole file. */
  readonly inside: string;
  /** Names of the file outside that place; they are left out. */
  readonly outside: readonly string[];
  /** Other places of the file that hold the same names: copies, such as an average or a student. */
  readonly others: readonly string[];
  /** Differences that transfer learning brings along: another classifier head, num_batches_tracked. */
  readonly expected: WeightDifferences;
}

/** True if the file and the network differ in a way that nobody announced. */
export function hasSurprises(report: WeightDifferences): boolean {
  return report.missing.length + report.unexpected.length + report.mismatched.length > 0;
}

const SHOWN = 8;

/** The report as lines of text. Long lists are shortened, control characters of the file's names made visible. */
export function formatReport(report: WeightReport): string {
  const total = report.loaded.length + report.reshaped.length;
  const lines = [`${total} tensors loaded (rules: ${report.rules})`];
  if (report.others.length > 0) {
    lines.push(`the file has copies under ${report.others.map((place) => JSON.stringify(place)).join(', ')}`);
  }
  const add = (label: string, items: readonly string[]) => {
    if (items.length === 0) return;
    const rest = items.length > SHOWN ? `, … ${items.length - SHOWN} more` : '';
    lines.push(`${label} (${items.length}): ${items.slice(0, SHOWN).map(printable).join(', ')}${rest}`);
  };
  const mismatch = ({ name, received, wanted }: MismatchedWeight) => `${name} is ${received}, not ${wanted}`;
  add(
    'reshaped',
    report.reshaped.map(({ name, from, to }) => `${name} [${from.join(', ')}] -> [${to.join(', ')}]`),
  );
  add('input channels reversed (BGR to RGB)', report.reversed);
  add('running statistics filled (mean 0, variance 1 - eps)', report.filled);
  add('batch norms scaled for their epsilon', report.rescaled);
  add('dropped by a rule', report.dropped);
  add(`left out, outside ${JSON.stringify(report.inside)}`, report.outside);
  add('missing', report.missing);
  add('unexpected', report.unexpected);
  add('mismatched', report.mismatched.map(mismatch));
  add('missing, as expected', report.expected.missing);
  add('unexpected, as expected', report.expected.unexpected);
  add('mismatched, as expected', report.expected.mismatched.map(mismatch));
  return lines.join('\n');
}
