import { defineConfig } from 'tsup';

/** How every package is built: ES modules for ES2022 with source maps, one file an entry; types come from tsc. */
export function packageBuild(entry: string[] | Record<string, string> = ['src/index.ts']) {
  return defineConfig({ entry, format: 'esm', target: 'es2022', sourcemap: true, clean: true, dts: false });
}
