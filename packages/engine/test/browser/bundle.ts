import { builtinModules } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface Bundle {
  /** Contents by file name; the first is the entry. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Node modules that sources ask for statically, and who asks. */
  readonly nodeModules: readonly string[];
}

/** Bundles TypeScript for a browser, from the sources of all packages. Node's modules stay imports, and are listed. */
export async function bundle(contents: string): Promise<Bundle> {
  const nodeModules = new Set<string>();
  const result = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts', sourcefile: 'entry.ts' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    splitting: true,
    minify: true,
    write: false,
    outdir: '/bundle',
    entryNames: 'entry',
    conditions: ['@nats/source'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'node-modules',
        setup: (context) => {
          context.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
            if (!path.startsWith('node:') && !builtinModules.includes(path)) return undefined;
            // CommonJS files that run in Node too ask for some behind a condition.
            if (kind === 'import-statement') nodeModules.add(`${path} in ${importer.split('/packages/').at(-1)}`);
            return { path, external: true };
          });
        },
      },
    ],
  });
  const files = new Map(result.outputFiles.map(({ path, contents }) => [basename(path), contents]));
  return { files, nodeModules: [...nodeModules] };
}
