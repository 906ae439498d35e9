import { check, NatsError } from './errors.js';
import { add, multiply } from './ops/binary.js';
import { variable } from './ops/source.js';
import { withScopePath } from './scope-path.js';
import type { Initializer, StateSpec, VariableKind, VariableSpec } from './state-spec.js';
import { formatType, type Tensor } from './tensor.js';
import type { DType } from './tensor-data.js';

/**
 * Which statistics a batch norm uses. `batch`: those of the batch, and the running ones move; `running`: the running
 * ones, which stay (evaluation, and frozen layers in training).
 */
export type NormalizationMode = 'batch' | 'running';

/** Options of `createScope`. */
export interface ScopeOptions {
  /** By scope path, so that frozen stages can differ; default `running`. */
  readonly normalization?: NormalizationMode | ((path: string) => NormalizationMode);
  /** A running statistic's new value from the batch's; default: moved toward it by the share `momentum`. */
  readonly moveStatistic?: StatisticRule;
}

/** How running statistics are used and kept. */
export type StatisticRule = (running: Tensor, batch: Tensor, momentum: number) => Tensor;

/**
 * A place in a network that names what is declared in it, as torchvision does: `backbone.body.layer1.0.conv2.weight`.
 * Names tie programs to states, pretrained files, checkpoints and reports.
 */
export interface Scope {
  readonly path: string;
  /** The scope of the whole network, for what belongs to no place in it. */
  readonly root: Scope;
  readonly normalization: NormalizationMode;
  /** What was declared through this scope's root so far. */
  readonly spec: StateSpec;
  /** New values for variables (running statistics), collected from all scopes of the root: name to value. */
  readonly updates: ReadonlyMap<string, Tensor>;
  child(name: string | number): Scope;
  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  statistic(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  slot(name: string, shape: readonly number[], initializer: Initializer, dtype?: DType): Tensor;
  /** The variable with this full name, if it was declared. */
  variable(fullName: string): Tensor | undefined;
  /** Says that a run gives a variable a new value. @throws NatsError `name` if it has one already */
  update(variable: Tensor, value: Tensor): void;
  /** Says that a run moves a running statistic toward the batch's: an update by the root's rule. */
  moveStatistic(running: Tensor, batch: Tensor, momentum: number): void;
  /** Runs `build` so that errors of the ops in it name this path. */
  build<T>(build: () => T): T;
}

interface Root {
  readonly spec: Map<string, VariableSpec>;
  readonly variables: Map<string, Tensor>;
  readonly updates: Map<string, Tensor>;
  readonly mode: (path: string) => NormalizationMode;
  readonly moveStatistic: StatisticRule;
}

const movingAverage: StatisticRule = (running, batch, momentum) =>
  add(multiply(running, 1 - momentum), multiply(batch, momentum));

/** A root scope. Networks built in roots of their own with the same names share the values of one state. */
export function createScope(options: ScopeOptions = {}): Scope {
  const { normalization = 'running', moveStatistic = movingAverage } = options;
  const mode = typeof normalization === 'function' ? normalization : () => normalization;
  return scopeAt({ spec: new Map(), variables: new Map(), updates: new Map(), mode, moveStatistic }, '');
}

function scopeAt(root: Root, path: string): Scope {
  const fullName = (name: string) => (path ? `${path}.${name}` : name);
  const declare = (
    kind: VariableKind,
    name: string,
    shape: readonly number[],
    initializer: Initializer,
    dtype: DType,
  ) => declareVariable(root, { name: fullName(name), kind, dtype, shape: [...shape], initializer });
  return {
    path,
    get root() {
      return scopeAt(root, '');
    },
    get normalization() {
      return root.mode(path);
    },
    spec: root.spec,
    updates: root.updates,
    child: (name) => {
      check(String(name).length > 0, 'name', () => ({
        rule: "a scope's name is not empty",
        received: "''",
        where: path,
      }));
      return scopeAt(root, fullName(String(name)));
    },
    parameter: (name, shape, initializer) => declare('parameter', name, shape, initializer, 'float32'),
    statistic: (name, shape, initializer) => declare('statistic', name, shape, initializer, 'float32'),
    slot: (name, shape, initializer, dtype = 'float32') => declare('slot', name, shape, initializer, dtype),
    variable: (name) => root.variables.get(name),
    update: (target, value) => addUpdate(root, target, value),
    moveStatistic: (running, batch, momentum) => addUpdate(root, running, root.moveStatistic(running, batch, momentum)),
    build: (build) => withScopePath(path, build),
  };
}

/** The same name again is the same tensor (shared weights), if it is declared alike. */
function declareVariable(root: Root, spec: VariableSpec): Tensor {
  const known = root.spec.get(spec.name);
  if (known) {
    const same = known.kind === spec.kind && known.dtype === spec.dtype && known.shape.join() === spec.shape.join();
    check(same, 'name', () => ({
      rule: 'a name stands for one variable',
      received: `${spec.kind} ${formatType(spec)}`,
      limit: `it is a ${known.kind} ${formatType(known)}`,
      where: spec.name,
    }));
    return root.variables.get(spec.name)!;
  }
  const tensor = variable(spec.name, spec.dtype, spec.shape);
  root.spec.set(spec.name, spec);
  root.variables.set(spec.name, tensor);
  return tensor;
}

function addUpdate(root: Root, target: Tensor, value: Tensor): void {
  const name = variableName(target);
  check(!root.updates.has(name), 'name', () => ({
    rule: 'a variable gets one new value in a run',
    received: 'a second one',
    where: name,
  }));
  check(formatType(target) === formatType(value), 'shape', () => ({
    rule: "a variable's new value has its type",
    received: formatType(value),
    limit: formatType(target),
    where: name,
  }));
  root.updates.set(name, value);
}

/** The name of a variable. @throws NatsError `name` for a tensor that is none */
export function variableName(tensor: Tensor): string {
  if (tensor.node.op.name !== 'variable') {
    throw new NatsError('name', {
      rule: 'only variables have a name in a state',
      received: `a result of ${tensor.node.op.name}`,
    });
  }
  return (tensor.node.attributes as { name: string }).name;
}
