import { isInertGlobal } from '../pickle/inert.js';
import type { PickleHost } from '../pickle/machine.js';
import { describe, isKind, itemsOf, type PickleDict, type PickleValue } from '../pickle/values.js';
import { bad, quote, type Source, unsupported } from '../source.js';
import { checkShape } from '../weights.js';
import { isTorchDTypeName, storageDType } from './dtypes.js';
import { buildNumpy, NUMPY_CONSTRUCTORS } from './numpy.js';
import { readStorageId, rebuildTensor, rebuildTensorV3 } from './rebuild.js';

/** What a constructor has at hand. */
export interface Making {
  readonly source: Source;
  /** Where, for errors. */
  readonly field: string;
  readonly call: PickleHost['call'];
  /**
   * Counts bytes or items that a constructor copies. In a file that Python wrote they add up to less than the file,
   * but one memo entry can be copied by every instruction.
   */
  readonly spend: (amount: number) => void;
}

/** Turns the arguments of one allowed Python callable into data. */
export type Constructor = (making: Making, args: readonly PickleValue[]) => PickleValue;

/** The allow-list: all that a weight file can have made. Every entry returns plain data. */
const CONSTRUCTORS: ReadonlyMap<string, Constructor> = new Map<string, Constructor>([
  ['collections.OrderedDict', orderedDict],
  ['collections.defaultdict', defaultDict],
  ['torch.Size', size],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTensorV3],
  // A parameter is its data here: requires_grad and hooks matter to Python only.
  ['torch._utils._rebuild_parameter', parameter],
  ['torch._utils._rebuild_parameter_with_state', parameter],
  ['torch._tensor._rebuild_from_type_v2', rebuildFromType],
  ...NUMPY_CONSTRUCTORS,
]);

/** Named as values, never called. */
const VALUES: ReadonlySet<string> = new Set(['torch.Tensor', 'torch.nn.parameter.Parameter', 'torch.nn.Parameter']);

/**
 * What pickles of weights may do: the allow-list above, torch's storages, and inert placeholders.
 * @param inert further names to accept as placeholders.
 */
export function weightHost(source: Source, inert: readonly string[] = []): PickleHost {
  const inertNames = new Set(inert);
  const isInert = (name: string) => isInertGlobal(name) || inertNames.has(name);
  let copied = 0;
  const spend = (amount: number) => {
    copied += amount;
    if (copied > source.bytes.length) {
      throw bad(source, '', 'a pickle copies no more than it holds', `${copied}`, `${source.bytes.length}`);
    }
  };
  const host: PickleHost = {
    global(name, field) {
      const known =
        CONSTRUCTORS.has(name) ||
        VALUES.has(name) ||
        storageDType(name) !== undefined ||
        isTorchDTypeName(name) ||
        isInert(name);
      if (!known) throw forbidden(source, name, field);
      return { kind: 'global', name };
    },
    isInert: ({ name }) => isInert(name),
    call(callable, args, field) {
      const make = CONSTRUCTORS.get(callable.name);
      if (make !== undefined) return make({ source, field, call: host.call, spend }, args);
      if (isInert(callable.name)) return { kind: 'inert', name: callable.name };
      throw bad(source, field, 'only constructors of the allow-list are called', quote(callable.name));
    },
    build(object, state, field) {
      // Attributes of an OrderedDict (_metadata), a tensor or a placeholder: nothing that weights need.
      if (isKind(object, 'dict') || isKind(object, 'tensor') || isKind(object, 'inert')) return;
      if (buildNumpy(source, object, state, field)) return;
      throw bad(source, field, 'state is set on objects of the allow-list', describe(object));
    },
    persistent: (id, field) => readStorageId(source, id, field),
  };
  return host;
}

/** Tensors of torch that are no numbers in strides. */
const OTHER_TENSORS: ReadonlyMap<string, readonly [what: string, wayOut: string]> = new Map([
  ['torch._utils._rebuild_qtensor', ['a quantized tensor', 'save the network from before it was quantized']],
  ['torch._utils._rebuild_sparse_tensor', ['a sparse tensor', 'save it dense: tensor.to_dense()']],
  ['torch._utils._rebuild_sparse_csr_tensor', ['a sparse tensor', 'save it dense: tensor.to_dense()']],
  ['torch._utils._rebuild_nested_tensor', ['a nested tensor', 'save its tensors one by one']],
  [
    'torch._utils._rebuild_meta_tensor_no_storage',
    ['a tensor without data (device meta)', 'load the data before saving'],
  ],
  [
    'torch._utils._rebuild_device_tensor_from_numpy',
    ['a tensor of another device', 'save it from the CPU: tensor.cpu()'],
  ],
]);

function forbidden(source: Source, name: string, field: string) {
  const tensor = OTHER_TENSORS.get(name);
  if (tensor) return unsupported(source, field, 'weights are dense tensors of numbers', tensor[0], tensor[1]);
  const modules = /^(torch\.nn\.modules|torchvision\.|timm\.|__main__\.|models?\.|ultralytics\.)/.test(name);
  const limit = modules
    ? 'a whole module was saved: save its state_dict instead, or, if the name lies beside the weights, accept it as a placeholder (options.inertGlobals)'
    : 'only data is read; if the weights do not need it, accept it as a placeholder (options.inertGlobals)';
  return bad(source, field, 'a pickle names no Python object outside the allow-list', quote(name), limit);
}

function orderedDict({ source, field, spend }: Making, args: readonly PickleValue[]): PickleDict {
  const entries = new Map<PickleValue, PickleValue>();
  if (args.length > 1) throw bad(source, field, 'an OrderedDict is made from a list of pairs', `${args.length} values`);
  const pairs = args.length === 0 ? [] : (itemsOf(args[0]) ?? []);
  spend(pairs.length);
  for (const pair of pairs) {
    const [key, value, ...rest] = itemsOf(pair) ?? [];
    if (key === undefined || value === undefined || rest.length > 0) {
      throw bad(source, field, 'an OrderedDict is made from pairs', describe(pair));
    }
    if (entries.has(key)) throw bad(source, field, 'a key of a dict occurs once', `${describe(key)} twice`);
    entries.set(key, value);
  }
  return { kind: 'dict', entries };
}

/** `defaultdict(factory)`: a dict; what it would make of missing keys plays no role. */
function defaultDict({ source, field }: Making, args: readonly PickleValue[]): PickleDict {
  if (args.length > 1) throw bad(source, field, 'a defaultdict is made from its factory', `${args.length} values`);
  return { kind: 'dict', entries: new Map() };
}

function size({ source, field }: Making, args: readonly PickleValue[]): PickleValue {
  const items = itemsOf(args[0]) ?? [];
  checkShape(source, field, items);
  return { kind: 'tuple', items };
}

function parameter({ source, field }: Making, args: readonly PickleValue[]): PickleValue {
  if (!isKind(args[0], 'tensor')) throw bad(source, field, 'a parameter wraps a tensor', describe(args[0]));
  return args[0];
}

/** A tensor with Python attributes: `(rebuild function, type, its arguments, state)`. */
function rebuildFromType({ source, field, call }: Making, args: readonly PickleValue[]): PickleValue {
  const [rebuild, , inner] = args;
  const items = itemsOf(inner);
  const nested = 'torch._tensor._rebuild_from_type_v2';
  if (!isKind(rebuild, 'global') || rebuild.name === nested || items === undefined) {
    throw bad(source, field, 'a tensor subclass is rebuilt from a function and its arguments', describe(rebuild));
  }
  const value = call(rebuild, items, field);
  if (isKind(value, 'tensor')) return value;
  throw unsupported(source, field, 'a tensor is a strided one', describe(value), 'save a dense tensor');
}
