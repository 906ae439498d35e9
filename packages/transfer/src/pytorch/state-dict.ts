import {
  describe,
  isKind,
  type NumpyArray,
  type PickleDict,
  type PickleList,
  type PickleTuple,
  type PickleValue,
  type TensorRef,
} from '../pickle/values.js';
import { atMost, bad, quote, type Source } from '../source.js';
import { checkName } from '../weights.js';

export interface StateDict {
  /** In the order of the file; nested dicts are joined with dots. */
  readonly tensors: readonly { readonly name: string; readonly value: TensorRef | NumpyArray }[];
  /** Strings, numbers and booleans found on the way to the tensors and beside them. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Keys under which training code keeps a model's weights, the first that is there wins. */
const WRAPPER_KEYS = [
  'state_dict',
  'model_state_dict',
  'model',
  'module',
  'net',
  'network',
  'weights',
  'params',
  'blobs',
] as const;

/** Keys of a checkpoint that hold tensors which are no weights. */
const NOT_WEIGHTS: ReadonlySet<string> = new Set([
  'optimizer',
  'optimizer_state_dict',
  'optimizers',
  'optimizer_states',
  'lr_schedulers',
  'callbacks',
  'loops',
  'scheduler',
  'lr_scheduler',
  'scaler',
  'amp_scaler',
  'amp',
  'rng_state',
  'grad_scaler',
]);

/**
 * Finds the weights in what a checkpoint holds: the dict under a wrapper key (`{state_dict: …, best_acc1: …}`, also
 * nested), else the dict itself; dicts and lists inside it that hold tensors are joined to their keys and positions by
 * dots. `root` must have passed `checkGraph`.
 * @param select keys to follow instead, joined by dots: `model_ema` or `teacher.state_dict`.
 * @throws NatsError `malformed` when there are no tensors, or not at `select`.
 */
export function findStateDict(source: Source, root: PickleValue, select?: string): StateDict {
  const metadata = new Map<string, string>();
  const holds = makeHolds();
  let found = root;
  if (select !== undefined) found = follow(source, root, select, metadata);
  for (;;) {
    if (!isContainer(found) || !holds(found)) throw noTensors(source, root, select);
    if (isKind(found, 'dict')) addMetadata(source, found, metadata);
    const next: Container | undefined = select === undefined ? wrapped(found, holds) : undefined;
    if (next === undefined) return { tensors: flatten(source, found, holds), metadata };
    found = next;
  }
}

type Container = PickleDict | PickleList | PickleTuple;

function isContainer(value: PickleValue | undefined): value is Container {
  return isKind(value, 'dict') || isKind(value, 'list') || isKind(value, 'tuple');
}

/** Keys and values of a dict, positions and items of a list. */
function entriesOf(container: Container): Iterable<readonly [PickleValue, PickleValue]> {
  return isKind(container, 'dict') ? container.entries : container.items.entries();
}

type Holds = (container: Container) => boolean;

/** Whether there are tensors in a dict or list, at any depth; each is looked at once. */
function makeHolds(): Holds {
  const known = new Map<Container, boolean>();
  const holds: Holds = (container) => {
    let answer = known.get(container);
    if (answer === undefined) {
      const values = isKind(container, 'dict') ? [...container.entries.values()] : container.items;
      answer = values.some((value) => isTensor(value) || (isContainer(value) && holds(value)));
      known.set(container, answer);
    }
    return answer;
  };
  return holds;
}

/** What lies under a wrapper key, or is the only item of a list (`[state_dict]`). */
function wrapped(container: Container, holds: Holds): Container | undefined {
  if (!isKind(container, 'dict')) {
    const holding = container.items.filter((item) => isContainer(item) && holds(item));
    return holding.length === 1 && !container.items.some(isTensor) ? (holding[0] as Container) : undefined;
  }
  for (const key of WRAPPER_KEYS) {
    const value = container.entries.get(key);
    if (isKind(value, 'dict') && holds(value)) return value;
  }
  return undefined;
}

function follow(source: Source, root: PickleValue, select: string, metadata: Map<string, string>): PickleValue {
  let found = root;
  for (const key of select.split('.')) {
    if (isKind(found, 'dict')) addMetadata(source, found, metadata);
    const next: PickleValue | undefined = isKind(found, 'dict') ? found.entries.get(key) : undefined;
    if (next === undefined) throw noTensors(source, found, select);
    found = next;
  }
  return found;
}

function flatten(source: Source, root: Container, holds: Holds): StateDict['tensors'] {
  const tensors: { name: string; value: TensorRef | NumpyArray }[] = [];
  let visited = 0;
  const walk = (container: Container, prefix: string, top: boolean) => {
    // Shared containers are walked once per path.
    visited += isKind(container, 'dict') ? container.entries.size : container.items.length;
    if (visited > source.limits.maxPickleOps) {
      const limit = atMost('maxPickleOps', source.limits);
      throw bad(source, 'state dict', 'a state dict has a bounded number of entries', `${visited}`, limit);
    }
    for (const [key, value] of entriesOf(container)) {
      const name = `${prefix}${typeof key === 'number' ? String(key) : key}`;
      if (typeof key !== 'string' && typeof key !== 'number') continue;
      if (isTensor(value)) {
        if (tensors.length >= source.limits.maxTensors) {
          const limit = atMost('maxTensors', source.limits);
          throw bad(source, 'state dict', 'a file has a bounded number of tensors', 'more', limit);
        }
        checkName(source, name);
        tensors.push({ name, value });
      } else if (isContainer(value) && holds(value) && !(top && NOT_WEIGHTS.has(name))) {
        checkName(source, name);
        walk(value, `${name}.`, false);
      }
    }
  };
  walk(root, '', true);
  if (tensors.length === 0) throw noTensors(source, root, undefined);
  return tensors;
}

function addMetadata(source: Source, dict: PickleDict, metadata: Map<string, string>): void {
  const { maxNameBytes, maxTensors } = source.limits;
  for (const [key, value] of dict.entries) {
    if (typeof key !== 'string' || typeof value === 'object' || metadata.size >= maxTensors) continue;
    const text = String(value);
    if (key.length <= maxNameBytes && text.length <= maxNameBytes) metadata.set(key, text);
  }
}

function isTensor(value: PickleValue): value is TensorRef | NumpyArray {
  return isKind(value, 'tensor') || isKind(value, 'numpy-array');
}

function noTensors(source: Source, found: PickleValue, select: string | undefined) {
  const keys = isKind(found, 'dict') ? [...found.entries.keys()].map((key) => String(key)).slice(0, 12) : [];
  const what = found === null || typeof found !== 'object' ? `${describe(found)}` : `a ${describe(found)}`;
  const received = keys.length > 0 ? `a dict with the keys ${quote(keys.join(', '))}` : what;
  const rule = select === undefined ? 'a weight file holds a dict of tensors' : `tensors are under ${quote(select)}`;
  return bad(source, 'state dict', rule, received, 'save a state_dict, or name its key (options.select)');
}
