import { spawn } from 'node:child_process';
import type { TensorData } from '@nats/graph';
import { isSoftwareAdapter } from '../../software-adapter.js';
import { nativeOnnxruntimePath } from '../native-module.js';
import { adapterName } from './adapter-name.js';

/** The GPU that onnxruntime computes on. */
export interface Adapter {
  /** As its driver says, such as 'NVIDIA GeForce RTX 4070'. */
  readonly name: string;
  /** It is the CPU in disguise. */
  readonly software: boolean;
}

export interface Probe {
  /** Values of all outputs, or why there are none. */
  readonly outputs?: Readonly<Record<string, readonly number[]>>;
  readonly reason?: string;
  /** Undefined where the driver does not say: without Vulkan's loader, which only Linux has here. */
  readonly adapter?: Adapter;
}

/** Runs a model once. Its file of onnxruntime-node, the provider, the model and its feeds come through stdin. */
const SCRIPT = `
let text = '';
process.stdin.setEncoding('utf8').on('data', (part) => (text += part)).on('end', async () => {
  const { path, provider, model, feeds } = JSON.parse(text);
  let answer;
  try {
    const { InferenceSession, Tensor } = require(path);
    const session = await InferenceSession.create(Buffer.from(model, 'base64'), { executionProviders: [provider], logSeverityLevel: 4 });
    const tensors = {};
    for (const [name, { dtype, shape, data }] of Object.entries(feeds)) {
      const Memory = dtype === 'float32' ? Float32Array : Int32Array;
      tensors[name] = new Tensor(dtype, Memory.from(data), shape);
    }
    const results = await session.run(tensors);
    answer = { outputs: Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data)])) };
  } catch (error) {
    answer = { reason: error.message };
  }
  process.stdout.write('\\n' + JSON.stringify(answer) + '\\n', () => process.exit(0));
});
`;

/** A driver that hangs is no driver. */
const PATIENCE = 60_000;
/** To read an adapter's name: on a busy machine two in a row were in vain. */
const MORE_TRIES = 4;

/**
 * Runs a model once on a provider, in a process of its own: drivers write to its streams and may end it. Of WebGPU it
 * also finds which adapter it is, which onnxruntime does not say: Vulkan's loader names the device that it uses.
 * @param feeds float32 and int32
 */
export async function probe(
  provider: string,
  model: Uint8Array,
  feeds: Readonly<Record<string, TensorData>>,
): Promise<Probe> {
  let found = await probeOnce(provider, model, feeds);
  // What the loader's threads write may run into each other, so that the name is not read.
  const isNameless = () => provider === 'webgpu' && found.outputs !== undefined && found.adapter === undefined;
  for (let again = 0; again < MORE_TRIES && isNameless(); again++) found = await probeOnce(provider, model, feeds);
  return found;
}

async function probeOnce(
  provider: string,
  model: Uint8Array,
  feeds: Readonly<Record<string, TensorData>>,
): Promise<Probe> {
  const path = nativeOnnxruntimePath();
  const child = spawn(process.execPath, ['-e', SCRIPT], {
    env: { ...process.env, VK_LOADER_DEBUG: 'driver', NODE_OPTIONS: '' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: PATIENCE,
  });
  const read = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      read[stream] += text;
    });
  }
  const lists = Object.entries(feeds).map(([name, feed]) => [name, { ...feed, data: Array.from(feed.data) }]);
  const text = { path, provider, model: Buffer.from(model).toString('base64'), feeds: Object.fromEntries(lists) };
  // A process that ended before it read everything has said why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(text));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('error', () => resolve([null, null]));
    child.on('close', (...end) => resolve(end));
  });
  const name = adapterName(read.stderr);
  const adapter = name === undefined ? undefined : { name, software: isSoftwareAdapter(name) };
  const line = read.stdout.trim().split('\n').at(-1);
  const answer = line?.startsWith('{')
    ? (JSON.parse(line) as Probe)
    : { reason: `its driver ended the process (${signal ?? `exit code ${code}`})` };
  return { ...answer, ...(adapter && { adapter }) };
}
