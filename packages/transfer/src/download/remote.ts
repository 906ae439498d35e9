import { NatsError } from '@nats/graph';
import type { WeightName } from './weight-name.js';

/** Where a file is asked for, and what is known of it beforehand. */
export interface Remote {
  readonly url: URL;
  /** The whole SHA-256, or its first digits; empty if nothing is known. */
  readonly sha256: string;
  /** Sent to the first address only. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isHub: boolean;
}

const TORCHVISION = 'https://download.pytorch.org/models';
const HUB = 'https://huggingface.co';

/** Settings of servers. */
export interface Servers {
  /** Instead of https://download.pytorch.org/models; default NATS_TORCHVISION_MIRROR. */
  readonly torchvisionMirror?: string | undefined;
  /** Instead of https://huggingface.co; default HF_ENDPOINT. */
  readonly hubEndpoint?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The address of weights, by the mirrors that are set. @throws NatsError `name` for a mirror that is no URL */
export function remoteOf(name: WeightName, servers: Servers, environment: Environment = process.env): Remote {
  switch (name.kind) {
    case 'torchvision': {
      const base = servers.torchvisionMirror || environment.NATS_TORCHVISION_MIRROR || TORCHVISION;
      return {
        url: under(base, name.known.file, 'the mirror of torchvision (NATS_TORCHVISION_MIRROR)'),
        sha256: name.known.sha256Prefix ?? '',
        headers: {},
        isHub: false,
      };
    }
    case 'hub': {
      const base = servers.hubEndpoint || environment.HF_ENDPOINT || HUB;
      const path = [...name.repo.split('/'), 'resolve', name.revision, ...name.file.split('/')];
      const token = environment.HF_TOKEN;
      return {
        url: under(base, path.map(encodeURIComponent).join('/'), 'the hub (HF_ENDPOINT)'),
        sha256: '',
        headers: token ? { authorization: `Bearer ${token}` } : {},
        isHub: true,
      };
    }
    case 'url':
      return { url: name.url, sha256: name.sha256 ?? '', headers: {}, isHub: false };
  }
}

function under(base: string, path: string, what: string): URL {
  const address = `${base.replace(/\/+$/, '')}/${path}`;
  if (/^https?:/.test(base) && URL.canParse(address)) return new URL(address);
  const rule = `${what} is an address`;
  throw new NatsError('name', { rule, received: JSON.stringify(base), limit: 'such as https://example.org/models' });
}
