import { readFile } from 'node:fs/promises';
import { defineProject, mergeConfig } from 'vitest/config';
import { packageProject } from '../vitest.shared.js';

/** GitHub's parser of workflows imports JSON in a way that Node refuses, and names source maps that it comes without. */
const parser = defineProject({
  plugins: [
    {
      name: 'without-source-maps',
      load: async (id) =>
        /node_modules\/@actions\/.*\.js$/.test(id)
          ? (await readFile(id, 'utf8')).replace(/^\/\/# sourceMappingURL=.*$/m, '')
          : undefined,
    },
  ],
  test: { server: { deps: { inline: [/node_modules\/@actions\//] } } },
});

export default mergeConfig(packageProject('docs'), parser);
