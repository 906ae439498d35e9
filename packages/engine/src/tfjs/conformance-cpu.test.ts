import { afterAll } from 'vitest';
import { conformanceTests } from '../../test/conformance.js';
import { tfjsEngine } from './index.js';

const engine = await tfjsEngine({ backend: 'cpu' });
await conformanceTests(engine, 'tfjs:cpu');
afterAll(() => engine.dispose());
