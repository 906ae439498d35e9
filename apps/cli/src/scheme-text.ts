import { type BackboneConfig, keepsOriginal, type Scheme, summarizeScheme } from '@nats/space';

/** What a search chose, and in words if that is to change nothing. */
export function schemeText(scheme: Scheme, backbone: BackboneConfig): string {
  const text = summarizeScheme(scheme, backbone);
  if (!keepsOriginal(scheme)) return text;
  return `${text}\nThe search keeps the original network: no dilation was preferred clearly enough (decode.margin) to replace (1,1) anywhere.`;
}
