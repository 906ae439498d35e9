import { createProgram, createScope, input, type Pair } from '@nats/graph';
import { schemeBuilder } from '../apply/scheme-builder.js';
import { type BackboneConfig, buildBackbone, buildClassifier } from '../backbones/index.js';
import { checkSchemeFits, type Scheme } from '../scheme/scheme.js';
import { type Costs, programCosts } from './costs.js';

/** Options of `backboneCosts`. */
export interface BackboneCostOptions {
  /** `[height, width]` of the image. */
  readonly size: Pair;
  /** Transformed by it; default: plain. */
  readonly scheme?: Scheme;
  /** With a classification head of so many classes; default: without one. */
  readonly classes?: number;
}

/** What a backbone costs, plain or transformed. A scheme changes neither parameters nor multiply-adds. */
export function backboneCosts(config: BackboneConfig, { size, scheme, classes }: BackboneCostOptions): Costs {
  if (scheme) checkSchemeFits(scheme, config);
  const options = scheme ? { convolution: schemeBuilder(scheme) } : {};
  const scope = createScope();
  const x = input('x', 'float32', [1, config.inputChannels, size[0], size[1]]);
  const outputs =
    classes === undefined
      ? { ...buildBackbone(scope, x, config, options).stages }
      : { logits: buildClassifier(scope, x, config, { ...options, classes }) };
  return programCosts(createProgram({ outputs }), scope.spec);
}
