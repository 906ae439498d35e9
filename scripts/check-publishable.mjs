// Runs before `npm publish` in a package's folder: refuses one that does not say where it comes from.
import { existsSync, readFileSync } from 'node:fs';
import { missingFields } from './publishing.mjs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const missing = [
  ...missingFields(manifest).map((field) => `the field '${field}'`),
  ...['LICENSE', 'CHANGELOG.md'].filter((file) => !existsSync(file)),
];
if (missing.length > 0) {
  console.error(`${manifest.name} lacks ${missing.join(', ')}: publish by \`npm run release\`, which adds it`);
  process.exit(1);
}
