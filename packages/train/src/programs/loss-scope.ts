import { check, createScope, gradients, type Scope, type ScopeOptions, type Tensor } from '@nats/graph';
import type { LossOptions, Objective } from '../objective.js';
import { type ParameterRule, type ParameterSettings, parameterSettings } from '../optimizers/rules.js';

/** How the loss of a step is built and which parameters are differentiated. */
export interface GradientOptions extends LossOptions {
  readonly rules?: readonly ParameterRule[];
  /** Parameters that this program trains, of those that no rule freezes; default: all. */
  readonly only?: (name: string) => boolean;
  /** Default: batch statistics everywhere. Frozen parts keep their running ones: see `frozenNormalization`. */
  readonly normalization?: ScopeOptions['normalization'];
  /** Whether running statistics of norms move with the batch (`update`) or stay (`keep`). */
  readonly statistics?: 'update' | 'keep';
}

/** What programs of a training return under names of their own. */
const RESERVED = new Set(['loss', 'gradientNorm']);

export interface DifferentiatedLoss {
  readonly scope: Scope;
  readonly loss: Tensor;
  /** `loss` and the objective's metrics. */
  readonly outputs: Record<string, Tensor>;
  readonly trained: readonly DifferentiatedParameter[];
}

export interface DifferentiatedParameter {
  readonly name: string;
  readonly variable: Tensor;
  readonly gradient: Tensor;
  readonly settings: ParameterSettings;
}

/**
 * Builds an objective's loss and its gradients.
 * @throws NatsError `name` if a rule's name fits no parameter, or nothing is left to train
 */
export function differentiatedLoss(objective: Pick<Objective, 'loss'>, options: GradientOptions): DifferentiatedLoss {
  const { rules = [], only = () => true, normalization = 'batch', convolution, batch, averageFactor } = options;
  const scope = createScope({ normalization });
  const { loss, metrics = {} } = objective.loss(scope, {
    ...(convolution && { convolution }),
    ...(batch !== undefined && { batch }),
    ...(averageFactor && { averageFactor }),
  });
  for (const name of Object.keys(metrics)) {
    check(!RESERVED.has(name), 'name', () => ({
      rule: `a metric is not named as what every step reports (${[...RESERVED].join(', ')})`,
      received: `'${name}'`,
    }));
  }
  const chosen = [...parameterSettings(scope.spec, rules)].filter(([name, { frozen }]) => !frozen && only(name));
  check(chosen.length > 0, 'name', () => ({
    rule: 'a training step trains at least one parameter',
    received: `${scope.spec.size} variables, all of them frozen or excluded`,
  }));
  const variables = chosen.map(([name]) => scope.variable(name)!);
  const slopes = gradients(loss, variables);
  const trained = chosen.map(([name, settings], i) => ({
    name,
    settings,
    variable: variables[i]!,
    gradient: slopes[i]!,
  }));
  return { scope, loss, outputs: { loss, ...metrics }, trained };
}

/** A scope's updates, without those of running statistics if they are to stay. */
export function keptUpdates(scope: Scope, statistics: 'update' | 'keep'): Map<string, Tensor> {
  const keeps = (name: string) => statistics === 'update' || scope.spec.get(name)!.kind !== 'statistic';
  return new Map([...scope.updates].filter(([name]) => keeps(name)));
}
