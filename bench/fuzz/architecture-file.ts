import { join } from 'node:path';
import { decode, parseConfig, RUN_FILES, readArchitecture, searchedBackbone, spaceOf } from '@nats/pipeline';
import { schemeFromJson, schemeToJson } from '@nats/space';

const config = parseConfig(
  { backbone: { name: 'demo-resnet' }, space: { genotypes: ['1', '2'], groups: 2 } },
  'config',
);
const space = spaceOf(config, searchedBackbone(config));
const probabilities = Object.fromEntries(
  space.sites.map(({ name, channelGroups }) => [name, Array.from({ length: channelGroups }, () => [0.75, 0.25])]),
);

/** What a search ends with, and the scheme that is decoded from it. */
export const architectureFile = {
  name: RUN_FILES.architecture,
  content: { format: 'nats-architecture', version: 1, backbone: space.backbone, probabilities },
  read: async (folder: string): Promise<unknown> => {
    const scheme = decode(await readArchitecture(join(folder, RUN_FILES.architecture), space), config);
    return schemeFromJson(schemeToJson(scheme), 'scheme.json');
  },
};
