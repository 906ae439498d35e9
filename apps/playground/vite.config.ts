import { defaultClientConditions, defineConfig } from 'vite';

/** From the sources of all packages. Paths are relative, so that the page can lie below any address. */
export default defineConfig({
  base: './',
  resolve: { conditions: ['@nats/source', ...defaultClientConditions] },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
});
