import { defineConfig } from 'tsup';

/**
 * How every package is built: ES modules for ES2022 with source maps, one file an entry; types come from tsc. Packages ship
 * their sources beside the build, so that maps only name them; `sourcesInMaps` is for one that does not.
 */
export function packageBuild(
  entry: string[] | Record<string, string> = ['src/index.ts'],
  { sourcesInMaps = false }: { readonly sourcesInMaps?: boolean } = {},
) {
  return defineConfig({
    entry,
    format: 'esm',
    target: 'es2022',
    sourcemap: true,
    clean: true,
    dts: false,
    esbuildOptions: (options) => {
      options.sourcesContent = sourcesInMaps;
    },
  });
}
