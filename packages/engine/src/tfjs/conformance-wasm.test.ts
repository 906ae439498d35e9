import { afterAll } from 'vitest';
import { conformanceTests } from '../../test/conformance.js';
import { tfjsEngine } from './index.js';

const engine = await tfjsEngine({ backend: 'wasm' });
await conformanceTests(engine, 'tfjs:wasm');
afterAll(() => engine.dispose());
