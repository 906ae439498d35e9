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

/** The address of weights, by the mirrors that are set. @throws TypeError for a mirror that is no URL */
export function remoteOf(name: WeightName, servers: Servers, environment: Environment = process.env): Remote {
  switch (name.kind) {
    case 'torchvision': {
      const base = servers.torchvisionMirror || environment.NATS_TORCHVISION_MIRROR || TORCHVISION;
      return {
        url: new URL(`${trimmed(base)}/${name.known.file}`),
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
        url: new URL(`${trimmed(base)}/${path.map(encodeURIComponent).join('/')}`),
        sha256: '',
        headers: token ? { authorization: `Bearer ${token}` } : {},
        isHub: true,
      };
    }
    case 'url':
      return { url: name.url, sha256: name.sha256 ?? '', headers: {}, isHub: false };
  }
}

function trimmed(base: string): string {
  return base.replace(/\/+$/, '');
}
