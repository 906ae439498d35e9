import { describe, expect, it } from 'vitest';
import { createProgram } from './create-program.js';
import { NatsError } from './errors.js';
import { batchNorm } from './layers/normalization.js';
import { add } from './ops/binary.js';
import { reshape } from './ops/reshape.js';
import { input } from './ops/source.js';
import { seedOf } from './random.js';
import { evaluate } from './reference-engine.js';
import { createScope, variableName } from './scope.js';
import { withScopePath } from './scope-path.js';
import { initialize, ones, zeros } from './state-spec.js';
import { hashed } from './testing/hashed.js';

function thrown(action: () => unknown): NatsError {
  try {
    action();
  } catch (error) {
    if (error instanceof NatsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('names', () => {
  it("are joined by dots, as torchvision's", () => {
    const scope = createScope();
    scope.child('backbone').child('layer1').child(0).child('conv1').parameter('weight', [2], ones);
    scope.parameter('top', [], zeros);
    expect([...scope.spec.keys()]).toEqual(['backbone.layer1.0.conv1.weight', 'top']);
    expect(scope.child('a').root.path).toBe('');
  });

  it('are not empty', () => {
    expect(thrown(() => createScope().child('')).code).toBe('name');
  });

  it('stand for one tensor: weights are shared by name', () => {
    const scope = createScope();
    const first = scope.child('head').parameter('weight', [3], ones);
    expect(scope.child('head').parameter('weight', [3], zeros)).toBe(first);
    expect(scope.variable('head.weight')).toBe(first);
    expect(scope.variable('head.bias')).toBeUndefined();
    expect(variableName(first)).toBe('head.weight');
  });

  it.each([
    ['shape', (scope: ReturnType<typeof createScope>) => scope.parameter('w', [4], ones)],
    ['kind', (scope: ReturnType<typeof createScope>) => scope.statistic('w', [3], ones)],
    ['dtype', (scope: ReturnType<typeof createScope>) => scope.slot('w', [3], ones, 'int32')],
  ])('cannot mean two things: %s', (_, declare) => {
    const scope = createScope();
    scope.parameter('w', [3], ones);
    const error = thrown(() => declare(scope));
    expect(error.code).toBe('name');
    expect(error.details.where).toBe('w');
    expect(error.details.limit).toBe('it is a parameter float32[3]');
  });

  it('belong to variables only', () => {
    const error = thrown(() => variableName(add(input('x', 'float32', [1]), 1)));
    expect(error.details.received).toBe('a result of add');
  });
});

describe('errors of ops', () => {
  it('name the scope path and the op', () => {
    const scope = createScope().child('backbone').child('layer2');
    const error = thrown(() => scope.build(() => add(input('x', 'float32', [2]), input('y', 'float32', [3]))));
    expect(error.details.where).toBe('backbone.layer2, add');
  });

  it('name the scope path even before there is an op', () => {
    const error = thrown(() => withScopePath('a.b', () => reshape(input('x', 'float32', [2]), [3])));
    expect(error.details.where).toBe('a.b, reshape');
    const early = thrown(() =>
      withScopePath('a.b', () => {
        throw new NatsError('attribute', { rule: 'r', received: 'x' });
      }),
    );
    expect(early.message).toBe('a.b: received x, but r');
  });

  it('name the innermost path, and the path ends with the scope', () => {
    const scope = createScope();
    const inner = () => scope.child('inner').build(() => add(input('x', 'float32', [2]), input('y', 'float32', [3])));
    expect(thrown(() => scope.child('outer').build(inner)).details.where).toBe('inner, add');
    expect(add(input('x', 'float32', []), 1).node.scope).toBe('');
  });

  it('leave other errors as they are', () => {
    const failing = () => {
      throw new RangeError('other');
    };
    expect(() => withScopePath('a', failing)).toThrow(RangeError);
  });
});

describe('updates', () => {
  it('are one for each variable, of its type', () => {
    const scope = createScope();
    const w = scope.child('a').parameter('w', [2], ones);
    expect(thrown(() => scope.update(w, input('x', 'float32', [3]))).details.where).toBe('a.w');
    scope.update(w, add(w, 1));
    expect(thrown(() => scope.child('b').update(w, w)).code).toBe('name');
    expect([...scope.updates.keys()]).toEqual(['a.w']);
  });

  it("move running statistics by the root's rule", () => {
    const scope = createScope({ normalization: 'batch', moveStatistic: (_, batch) => batch });
    const x = input('x', 'float32', [4, 2, 3, 3]);
    const program = createProgram({ outputs: { y: batchNorm(scope, x) }, updates: scope.updates });
    const feeds = { x: hashed([4, 2, 3, 3], seedOf(1, 'x')) };
    const { updates } = evaluate(program, feeds, initialize(scope.spec, 1));
    const channel = Array.from(feeds.x.data).filter((_, i) => Math.floor(i / 9) % 2 === 1);
    const mean = channel.reduce((a, b) => a + b) / channel.length;
    expect(updates.get('running_mean')!.data[1]).toBeCloseTo(mean, 6);
    // Unbiased.
    const variance = channel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (channel.length - 1);
    expect(updates.get('running_var')!.data[1]).toBeCloseTo(variance, 6);
  });
});

describe('normalization', () => {
  it('is of running statistics by default, and can differ by path', () => {
    expect(createScope().normalization).toBe('running');
    const scope = createScope({ normalization: (path) => (path.startsWith('layer1') ? 'running' : 'batch') });
    expect(scope.child('layer1').child('bn').normalization).toBe('running');
    expect(scope.child('layer2').normalization).toBe('batch');
  });
});
