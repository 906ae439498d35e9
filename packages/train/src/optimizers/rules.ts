import { check, type StateSpec, type VariableSpec } from '@nats/graph';

/**
 * How some parameters are trained differently. Of the rules that fit a parameter, the first one that says something
 * about a setting decides it.
 */
export interface ParameterRule {
  /** Full names that the rule fits; `*` stands for any characters: `backbone.layer1.*`, `*.bias`. Default: all. */
  readonly name?: string;
  /** Only parameters with at most so many dimensions; 1: biases, and scales of norms. */
  readonly maxDimensions?: number;
  /** Factor on the learning rate; default 1. */
  readonly learningRateScale?: number;
  /** Factor on the optimizer's weight decay; default 1. */
  readonly weightDecayScale?: number;
  /** Not trained at all: no gradient, no slots, no decay; default false. */
  readonly frozen?: boolean;
}

/** What rules say about one parameter. */
export interface ParameterSettings {
  readonly learningRateScale: number;
  readonly weightDecayScale: number;
  readonly frozen: boolean;
}

/** Weight decay on weights alone (Goyal et al. 2017 and most recipes since). */
export const NO_DECAY_ON_NORMS_AND_BIASES: ParameterRule = { maxDimensions: 1, weightDecayScale: 0 };

/** Rules that freeze everything below scope paths: `frozen('backbone.conv1', 'backbone.layer1')`. */
export function frozen(...prefixes: readonly string[]): ParameterRule[] {
  return prefixes.map((prefix) => ({ name: `${prefix}.*`, frozen: true }));
}

/**
 * Settings of every parameter of a specification.
 * @throws NatsError `name` for a rule with a name that fits no parameter: most likely a typing error.
 */
export function parameterSettings(spec: StateSpec, rules: readonly ParameterRule[]): Map<string, ParameterSettings> {
  const parameters = [...spec.values()].filter(({ kind }) => kind === 'parameter');
  for (const { name } of rules) {
    if (name === undefined) continue;
    const pattern = namePattern(name);
    check(
      parameters.some((parameter) => pattern.test(parameter.name)),
      'name',
      () => ({
        rule: "a parameter rule's name fits at least one parameter",
        received: `'${name}'`,
        limit: `parameters: ${sample(parameters.map((parameter) => parameter.name))}`,
      }),
    );
  }
  return new Map(parameters.map((parameter) => [parameter.name, settingsOf(parameter, rules)]));
}

function settingsOf(parameter: VariableSpec, rules: readonly ParameterRule[]): ParameterSettings {
  const fitting = rules.filter((rule) => fits(rule, parameter));
  const decided = <K extends keyof ParameterSettings>(key: K, otherwise: ParameterSettings[K]): ParameterSettings[K] =>
    (fitting.find((rule) => rule[key] !== undefined)?.[key] as ParameterSettings[K] | undefined) ?? otherwise;
  return {
    learningRateScale: decided('learningRateScale', 1),
    weightDecayScale: decided('weightDecayScale', 1),
    frozen: decided('frozen', false),
  };
}

function fits(
  { name = '*', maxDimensions = Number.POSITIVE_INFINITY }: ParameterRule,
  parameter: VariableSpec,
): boolean {
  return parameter.shape.length <= maxDimensions && namePattern(name).test(parameter.name);
}

/** Whether a full name fits a pattern, in which `*` stands for any characters. */
export function namePattern(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function sample(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ') || 'none';
}
