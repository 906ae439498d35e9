import { portableLowerings } from '@nats/export';
import { conformanceCases, runCases } from '@nats/graph/testing';
import { afterAll, describe } from 'vitest';
import { conformanceTests, resultTests } from '../test/conformance.js';
import { onnxruntimeEngine } from './onnxruntime/index.js';

const engine = onnxruntimeEngine();
const portable = onnxruntimeEngine({ lowerings: portableLowerings });
await conformanceTests(engine);
const portableResults = await runCases(portable, conformanceCases());

afterAll(async () => {
  await engine.dispose();
  await portable.dispose();
});

describe('so do the lowerings of exported files', () => resultTests(portableResults));
