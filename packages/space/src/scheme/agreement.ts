import { check } from '@nats/graph';
import { formatGenotype } from '../genotypes.js';
import type { Scheme } from './scheme.js';

/** How far two schemes choose alike in one convolution, or in all. */
export interface Agreement {
  /** Share of the channels that have the same genotype in both, 0 to 1. */
  readonly observed: number;
  /** The share that schemes with the same counts would have alike if their channels were drawn independently. */
  readonly chance: number;
  /** Cohen's kappa: what is beyond chance, as a part of what could be; 1 alike, 0 chance. Undefined where chance is 1. */
  readonly kappa: number | undefined;
  readonly channels: number;
}

/** How far two schemes agree beyond chance (`schemeAgreement`). */
export interface SchemeAgreement {
  readonly byConvolution: ReadonlyMap<string, Agreement>;
  /** Observed and chance averaged over all channels, chance within each convolution. */
  readonly overall: Agreement;
}

/**
 * Agreement of two schemes beyond chance, by convolution: Cohen's kappa (1960) with channels as items and genotypes as
 * categories. Two searches that found signal agree; two that found noise have kappa about 0, however sure each is of itself.
 * Channels that choose together are no evidence of their own: with K channel groups a layer's kappa is off by about
 * 1 / sqrt(K) by chance. A convolution that only one scheme names is (1,1) in the other.
 * @throws NatsError `attribute` for schemes of different backbones or channel counts
 */
export function schemeAgreement(a: Scheme, b: Scheme): SchemeAgreement {
  check(a.backbone === b.backbone, 'attribute', () => ({
    rule: 'schemes that are compared choose for one backbone',
    received: `${a.backbone} and ${b.backbone}`,
  }));
  const names = [...new Set([...a.convolutions.keys(), ...b.convolutions.keys()])];
  const byConvolution = new Map(names.map((name) => [name, agreementIn(name, a, b)]));
  const channels = [...byConvolution.values()].reduce((sum, one) => sum + one.channels, 0);
  const mean = (part: 'observed' | 'chance') =>
    [...byConvolution.values()].reduce((sum, one) => sum + (one[part] * one.channels) / channels, 0);
  return { byConvolution, overall: agreementOf(mean('observed'), mean('chance'), channels) };
}

function agreementIn(name: string, a: Scheme, b: Scheme): Agreement {
  const [first, second] = [genotypesOf(a, name), genotypesOf(b, name)];
  const channels = first?.length ?? second!.length;
  check((second?.length ?? channels) === channels, 'attribute', () => ({
    rule: 'schemes that are compared have as many channels in each convolution',
    received: `${channels} and ${second!.length}`,
    where: name,
  }));
  const plain = new Array<string>(channels).fill('1x1');
  const [x, y] = [first ?? plain, second ?? plain];
  const observed = x.filter((genotype, c) => genotype === y[c]).length / channels;
  const share = (choice: readonly string[], genotype: string) =>
    choice.filter((other) => other === genotype).length / channels;
  const chance = [...new Set(x)].reduce((sum, genotype) => sum + share(x, genotype) * share(y, genotype), 0);
  return agreementOf(observed, chance, channels);
}

function genotypesOf({ convolutions, genotypes }: Scheme, name: string): string[] | undefined {
  const choice = convolutions.get(name);
  return choice && Array.from(choice, (index) => formatGenotype(genotypes[index]!));
}

function agreementOf(observed: number, chance: number, channels: number): Agreement {
  const kappa = chance > 1 - 1e-12 ? undefined : (observed - chance) / (1 - chance);
  return { observed, chance, kappa, channels };
}
