import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { nats: 'src/main.ts' },
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  clean: true,
  dts: false,
});
