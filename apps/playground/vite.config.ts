import { fileURLToPath } from 'node:url';
import { defaultClientConditions, defineConfig } from 'vite';
import { digitsPlugin } from './digits-plugin.js';

const pageFile = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** From the sources of all packages. Paths are relative, so that the pages can lie below any address. */
export default defineConfig({
  base: './',
  plugins: [digitsPlugin()],
  worker: { format: 'es', plugins: () => [digitsPlugin()] },
  resolve: { conditions: ['@nats/source', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: [pageFile('index.html'), pageFile('search.html')] },
  },
});
