import { NatsError } from '@nats/graph';
import { compareSchemes } from './compare.js';
import { schemeFromJson, schemeToJson } from './json.js';
import type { Scheme } from './scheme.js';

/** Key of a weight file's metadata. */
const KEY = 'nats.scheme';
/** Its value for weights of the original network, which fit no other either. */
const ORIGINAL = 'original';

/**
 * What a weight file says about the network that it was trained in, as metadata of safetensors: a transformed
 * convolution has the shape of the original one, so that the values alone would fit both.
 * @param scheme undefined for the original network
 */
export function schemeMetadata(scheme: Scheme | undefined): Readonly<Record<string, string>> {
  if (!scheme) return { [KEY]: ORIGINAL };
  // What the network is, not when and how it was found: equal weights make equal files.
  const { tool } = scheme.provenance;
  return { [KEY]: schemeToJson({ ...scheme, provenance: { tool } }) };
}

/**
 * Checks that weights were trained in the network of this scheme. Weights that do not say so (pretrained ones, those of a
 * search, files of other tools) pass.
 * @param metadata of the file, as `readWeights` of @nats/transfer gives it
 * @param scheme of the network that the weights go into; undefined for the original
 * @param file name for messages
 * @throws NatsError `state` for another scheme, with the number of channels that differ; `malformed` if it can't be read
 */
export function checkWeightsScheme(
  metadata: Readonly<Record<string, string>>,
  scheme: Scheme | undefined,
  file = 'weights',
): void {
  const text = metadata[KEY];
  if (text === undefined) return;
  const trained = text === ORIGINAL ? undefined : schemeFromJson(text, `${file}, ${KEY}`);
  const some = trained ?? scheme;
  if (!some) return;
  const plain: Scheme = { ...some, convolutions: new Map() };
  const { equal, changedChannels } = compareSchemes(trained ?? plain, scheme ?? plain);
  if (equal) return;
  throw new NatsError('state', {
    rule: 'weights go into the network that they were trained in',
    received: `weights of ${nameOf(trained)} for ${nameOf(scheme)}: the dilations of ${changedChannels} channels differ`,
    limit: trained
      ? 'give the scheme that they were trained with'
      : 'leave the scheme out, or train the transformed network',
    where: file,
  });
}

function nameOf(scheme: Scheme | undefined): string {
  if (!scheme) return 'the original network';
  return `a network transformed by ${scheme.provenance.method ?? 'a scheme'}`;
}
