import { parseWeights } from '../../src/parse-weights.js';
import { HOSTILE } from './hostile-files.js';

// A process of its own for each file: what one process has used at most says nothing of a second file in it.
const file = HOSTILE[process.argv[2] ?? '']!();
const before = process.resourceUsage().maxRSS;
let error = 'none';
try {
  parseWeights(file);
} catch (reason) {
  error = (reason as Error).name;
}
process.stdout.write(JSON.stringify({ error, kilobytes: process.resourceUsage().maxRSS - before }));
