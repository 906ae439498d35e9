// The API reference: every entry of every package's `exports`, under the name by which it is imported.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Converter, ReflectionKind } from 'typedoc';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Source file of an entry, relative to the root, to the name that users import. */
const entries = new Map(
  readdirSync(join(root, 'packages')).flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
    return Object.entries(exports).flatMap(([key, entry]) =>
      entry['@nats/source'] ? [[join('packages', folder, entry['@nats/source']), join(name, key)]] : [],
    );
  }),
);

/** TypeDoc names modules by their files. */
function moduleNames(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const module of context.project.getReflectionsByKind(ReflectionKind.Module)) {
      const file = context.project.getSymbolIdFromReflection(module)?.fileName;
      const name = file && entries.get(relative(root, String(file)));
      if (name) module.name = name;
    }
  });
}

export default {
  plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme', moduleNames],
  tsconfig: join(root, 'tsconfig.json'),
  entryPoints: [...entries.keys()].map((file) => join(root, file)),
  out: join(root, 'docs/api'),
  docsRoot: root,
  readme: 'none',
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  // `npm run typecheck` does that.
  skipErrorChecking: true,
  hideBreadcrumbs: true,
  outputFileStrategy: 'modules',
  validation: false,
  logLevel: 'Warn',
};
