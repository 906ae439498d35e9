import { NatsError } from '@nats/graph';
import { nearestName } from '../mapping/nearest.js';
import { KNOWN_WEIGHTS, type KnownWeights, knownWeights } from './catalog.js';

/** What a name of weights stands for. */
export type WeightName =
  | { readonly kind: 'torchvision'; readonly known: KnownWeights }
  | {
      readonly kind: 'hub';
      /** `owner/repo`. */
      readonly repo: string;
      readonly file: string;
      /** A branch, tag or commit. */
      readonly revision: string;
      readonly known: KnownWeights | undefined;
    }
  | { readonly kind: 'url'; readonly url: URL; readonly sha256: string | undefined };

const SCHEMES = /^(torchvision|timm|hf|https?):/;
const HUB_PART = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/;
/** What most repositories of weights have; `hf:owner/repo/other.bin` names another one. */
const HUB_FILE = 'model.safetensors';
const SHA256 = /^#sha256=([0-9a-fA-F]{64})$/;

/**
 * Understands `torchvision:resnet50`, `torchvision:resnet50@IMAGENET1K_V1`, `timm:resnet50.a1_in1k`,
 * `hf:owner/repo[/file][@revision]` and `https://…[#sha256=…]`.
 * @throws NatsError `name` for what is none of them, with the nearest known name.
 */
export function parseWeightName(text: string): WeightName {
  const scheme = SCHEMES.exec(text)?.[1];
  const rest = text.slice((scheme?.length ?? 0) + 1);
  switch (scheme) {
    case 'torchvision': {
      const known = knownWeights(text);
      if (known === undefined) throw unknown(text);
      return { kind: 'torchvision', known };
    }
    case 'timm':
      if (!HUB_PART.test(rest)) throw unknown(text);
      return { kind: 'hub', repo: `timm/${rest}`, file: HUB_FILE, revision: 'main', known: knownWeights(text) };
    case 'hf':
      return hubName(text, rest);
    case 'http':
    case 'https':
      return urlName(text);
    default:
      throw unknown(text);
  }
}

function hubName(text: string, rest: string): WeightName {
  const at = rest.lastIndexOf('@');
  const [path, revision] = at < 0 ? [rest, 'main'] : [rest.slice(0, at), rest.slice(at + 1)];
  const [owner = '', repo = '', ...parts] = path.split('/');
  const isPart = (part: string) => HUB_PART.test(part);
  const file = parts.length === 0 ? HUB_FILE : parts.join('/');
  const isFile = file.split('/').every((part) => /^[\w][\w.+-]*$/.test(part));
  if (!isPart(owner) || !isPart(repo) || !isFile || !revision.split('/').every(isPart)) {
    throw new NatsError('name', {
      rule: 'a name on the hub is hf:owner/repo[/file][@revision]',
      received: JSON.stringify(text),
      limit: 'such as hf:timm/resnet50.a1_in1k/model.safetensors@main',
    });
  }
  const known = owner === 'timm' && file === HUB_FILE ? knownWeights(`timm:${repo}`) : undefined;
  return { kind: 'hub', repo: `${owner}/${repo}`, file, revision, known };
}

function urlName(text: string): WeightName {
  const refuse = (rule: string, limit: string) => {
    return new NatsError('name', { rule, received: JSON.stringify(text), limit });
  };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refuse('an address of weights is a URL', 'such as https://example.org/resnet50.pth');
  if (url.username !== '' || url.password !== '') {
    throw refuse('an address holds no password', 'it would be written into settings and logs');
  }
  const sha256 = SHA256.exec(url.hash)?.[1]?.toLowerCase();
  if (url.hash !== '' && sha256 === undefined) throw refuse('what follows # is a hash', '#sha256= and 64 digits');
  url.hash = '';
  if (url.protocol !== 'https:' && sha256 === undefined && !isLoopback(url)) {
    throw refuse('weights come over https, or with their hash', 'https://…, or http://…#sha256=…');
  }
  return { kind: 'url', url, sha256 };
}

/** True for an address of this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function unknown(text: string): NatsError {
  const names = KNOWN_WEIGHTS.flatMap(({ name, alias }) => (alias === undefined ? [name] : [alias, name]));
  const nearest = nearestName(text, names);
  return new NatsError('name', {
    rule: 'weights have a name that is known',
    received: JSON.stringify(text),
    limit: `${nearest === undefined ? '' : `nearest: ${nearest}; `}torchvision:NAME[@TAG], timm:NAME, hf:owner/repo[/file][@revision] or https://…`,
  });
}
