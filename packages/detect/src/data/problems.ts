import { malformed } from '@nats/graph';
import type { Box } from './box.js';

/** What was wrong with a part of a dataset. */
export type ProblemKind =
  /** A field is missing or has another type. */
  | 'field'
  /** An id that was there before. */
  | 'duplicate'
  /** An annotation of an image or category that does not exist. */
  | 'reference'
  /** A box without area, with sides swapped, or far outside its image. */
  | 'box'
  /** A box that leaves its image by more than rounding explains; cut at the border. */
  | 'outside'
  /** An image that is missing, broken or of another size than annotated. */
  | 'image'
  /** An object without a usable mask, where masks are needed. */
  | 'mask'
  /** Images whose file of labels is not where it is looked for. */
  | 'labels';

/** One part of a dataset that breaks a rule, and what was done about it. */
export interface DataProblem {
  readonly kind: ProblemKind;
  /** Id of the image, if it is known. */
  readonly image?: string;
  readonly file: string;
  /** Where in the file: `annotations[3].bbox`. */
  readonly field: string;
  readonly rule: string;
  readonly received: string;
  readonly remedy: 'annotation dropped' | 'image dropped' | 'category dropped' | 'box cut' | 'none';
  /** `warning`: worth knowing, and no reason to refuse the dataset. Default `error`. */
  readonly severity?: 'error' | 'warning';
}

/** Whether something must be repaired, or left out. */
export function isError({ severity }: Pick<DataProblem, 'severity'>): boolean {
  return severity !== 'warning';
}

/** What a reader does about broken annotations: refuse the dataset, or leave them out and list them. */
export type ProblemPolicy = 'error' | 'drop';

/**
 * Applies a policy: nothing to do for `drop`.
 * @throws NatsError `malformed` with the file and field of the first problem, for `error`
 */
export function applyPolicy(all: readonly DataProblem[], policy: ProblemPolicy): void {
  const problems = all.filter(isError);
  const [first] = problems;
  if (policy === 'drop' || first === undefined) return;
  const count = problems.length - 1;
  const further = count === 0 ? '' : `${count} more problem${count === 1 ? '' : 's'}; `;
  throw malformed(first.file, first.field, {
    rule: first.rule,
    received: first.received,
    limit: `${further}data.onProblem 'drop' leaves out what is broken, nats inspect data lists it`,
  });
}

/** Boxes may leave their image by this much, in pixels: rounding, not a mistake. They are cut at the border. */
const ROUNDING = 1;

/** The box inside its image, with what is wrong with it. No box if nothing useful is left. */
export function checkedBox(
  box: Box,
  { width, height }: { readonly width: number; readonly height: number },
): { box?: Box; problem?: Pick<DataProblem, 'kind' | 'rule' | 'received' | 'remedy'> } {
  const [x1, y1, x2, y2] = box;
  const received = () => `[${box.join(', ')}] in ${width} x ${height}`;
  if (!box.every(Number.isFinite)) return { problem: dropped('a box has four finite numbers', received()) };
  if (!(x2 > x1 && y2 > y1)) return { problem: dropped('a box [x1, y1, x2, y2] has x1 < x2 and y1 < y2', received()) };
  const cut: Box = [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)];
  if (!(cut[2] > cut[0] && cut[3] > cut[1])) return { problem: dropped('a box lies in its image', received()) };
  const excess = Math.max(-x1, -y1, x2 - width, y2 - height);
  if (excess <= 0) return { box };
  if (excess <= ROUNDING) return { box: cut };
  const problem = {
    kind: 'outside',
    rule: 'a box lies in its image',
    received: received(),
    remedy: 'box cut',
  } as const;
  return { box: cut, problem };
}

function dropped(rule: string, received: string): Pick<DataProblem, 'kind' | 'rule' | 'received' | 'remedy'> {
  return { kind: 'box', rule, received, remedy: 'annotation dropped' };
}
