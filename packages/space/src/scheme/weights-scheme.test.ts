import { describe, expect, test } from 'vitest';
import { createScheme, type Scheme } from './scheme.js';
import { checkWeightsScheme, schemeMetadata } from './weights-scheme.js';

function scheme(
  choice: readonly number[],
  genotypes: Scheme['genotypes'] = [
    [1, 1],
    [2, 2],
  ],
): Scheme {
  const provenance = { tool: { name: 'test', version: '1' }, method: 'random', created: '2026-01-01' };
  return createScheme({ backbone: 'resnet18', genotypes, convolutions: [['layer1.0.conv1', choice]], provenance });
}

describe('weights know the scheme of their network', () => {
  const trained = scheme([0, 0, 1, 1]);

  test('the same one passes, however it is written', () => {
    checkWeightsScheme(schemeMetadata(trained), trained);
    checkWeightsScheme(
      schemeMetadata(trained),
      scheme(
        [1, 1, 0, 0],
        [
          [2, 2],
          [1, 1],
        ],
      ),
    );
    checkWeightsScheme(schemeMetadata(undefined), undefined);
    checkWeightsScheme(schemeMetadata(undefined), scheme([0, 0, 0, 0]));
    checkWeightsScheme(schemeMetadata(scheme([0, 0, 0, 0])), undefined);
  });

  test('another one does not, nor does the original network', () => {
    const into = (metadata: Readonly<Record<string, string>>, other: Scheme | undefined) => () =>
      checkWeightsScheme(metadata, other, 'w.safetensors');
    // As many channels of each dilation, other channels.
    expect(into(schemeMetadata(trained), scheme([1, 0, 1, 0]))).toThrow(/w\.safetensors.*2 channels differ/s);
    expect(into(schemeMetadata(trained), undefined)).toThrow(
      /for the original network: .*2 channels.*give the scheme/s,
    );
    expect(into(schemeMetadata(undefined), trained)).toThrow(/weights of the original network.*leave the scheme out/s);
    expect(into({ 'nats.scheme': '{' }, trained)).toThrow(/w\.safetensors, nats\.scheme/);
  });

  test('weights of other tools and of searches fit any', () => {
    checkWeightsScheme({ format: 'pt' }, trained);
    checkWeightsScheme({}, undefined);
  });

  test('equal schemes make equal files, whenever they were found', () => {
    const later = { ...trained, provenance: { ...trained.provenance, created: '2026-02-02' } };
    expect(schemeMetadata(later)).toEqual(schemeMetadata(trained));
  });
});
