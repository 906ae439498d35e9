import { createScope, zeros } from '@nats/graph';
import { expect, test } from 'vitest';
import { frozen, NO_DECAY_ON_NORMS_AND_BIASES, namePattern, parameterSettings } from './rules.js';

function spec() {
  const scope = createScope();
  scope.parameter('backbone.conv1.weight', [4, 3, 3, 3], zeros);
  scope.parameter('backbone.bn1.weight', [4], zeros);
  scope.statistic('backbone.bn1.running_mean', [4], zeros);
  scope.parameter('head.weight', [2, 4], zeros);
  return scope.spec;
}

test('parameters without a rule train as the optimizer says, statistics not at all', () => {
  expect(parameterSettings(spec(), [])).toEqual(
    new Map(
      ['backbone.conv1.weight', 'backbone.bn1.weight', 'head.weight'].map((name) => [
        name,
        { learningRateScale: 1, weightDecayScale: 1, frozen: false },
      ]),
    ),
  );
});

test('the first rule that says something about a setting decides it', () => {
  const settings = parameterSettings(spec(), [
    { name: 'backbone.bn*', learningRateScale: 0.5 },
    { name: 'backbone.*', learningRateScale: 0.1, weightDecayScale: 2 },
    NO_DECAY_ON_NORMS_AND_BIASES,
  ]);
  expect(settings.get('backbone.conv1.weight')).toEqual({ learningRateScale: 0.1, weightDecayScale: 2, frozen: false });
  expect(settings.get('backbone.bn1.weight')).toEqual({ learningRateScale: 0.5, weightDecayScale: 2, frozen: false });
  expect(settings.get('head.weight')).toEqual({ learningRateScale: 1, weightDecayScale: 1, frozen: false });
  const alone = parameterSettings(spec(), [NO_DECAY_ON_NORMS_AND_BIASES]);
  expect([...alone.values()].map(({ weightDecayScale }) => weightDecayScale)).toEqual([1, 0, 1]);
});

test('frozen prefixes end at a dot', () => {
  const settings = parameterSettings(spec(), frozen('backbone.bn1'));
  expect([...settings].filter(([, { frozen }]) => frozen).map(([name]) => name)).toEqual(['backbone.bn1.weight']);
  expect(() => parameterSettings(spec(), frozen('back'))).toThrow(/received 'back\.\*'.*fits at least one parameter/);
});

test('only the star is special in a pattern', () => {
  expect(namePattern('a.b').test('axb')).toBe(false);
  expect(namePattern('*.bias').test('a.b.bias')).toBe(true);
  expect(namePattern('*.bias').test('a.bias.weight')).toBe(false);
});
