import { afterAll } from 'vitest';
import { conformanceTests } from '../../test/conformance.js';
import { onnxruntimeWebEngine } from './index.js';

const engine = await onnxruntimeWebEngine();
await conformanceTests(engine);
afterAll(() => engine.dispose());
