import { encodeProgram, updateName } from '@nats/export';
import * as g from '@nats/graph';
import { missingForCuda } from './onnxruntime/cuda/missing.js';
import { onnxruntimeEngine } from './onnxruntime/engine.js';
import { INSTALL_ADVICE, nativeOnnxruntime, onnxruntimeVersion } from './onnxruntime/native-module.js';
import { webgpuLowerings } from './onnxruntime/webgpu/lowerings/index.js';
import { type Adapter, probe } from './onnxruntime/webgpu/probe.js';
import { onnxruntimeWebEngine } from './onnxruntime-web/engine.js';
import { installAdvice, TFJS_BACKENDS, type TfjsBackend } from './tfjs/backends.js';
import { tfjsEngine } from './tfjs/engine.js';

/** What was found of one provider. */
export interface ProviderReport {
  /** 'cpu', 'cuda', …; of onnxruntime-web 'wasm'; of tfjs its backends 'node-gpu', 'node', 'webgpu', 'wasm', 'cpu'. */
  readonly provider: string;
  /** This build of onnxruntime knows it, or tfjs does. Its libraries may still be missing. */
  readonly known: boolean;
  /** A small training step gave the reference's numbers. */
  readonly works: boolean;
  /** How far off its numbers were, relative to the largest; undefined if it did not run. */
  readonly error?: number;
  /** What the engine said, if it did not run. */
  readonly reason?: string;
  /** What to do about it, if it does not work, or works and should not be chosen. */
  readonly advice?: string;
  /** Of WebGPU, where its driver says it: the GPU, or what computes in its place. */
  readonly adapter?: Adapter;
}

/** What was found of all engines. */
export interface DoctorReport {
  readonly node: string;
  readonly machine: string;
  readonly engines: readonly {
    readonly engine: 'onnxruntime' | 'onnxruntime-web' | 'tfjs';
    /** `not installed` without one. */
    readonly version: string;
    readonly providers: readonly ProviderReport[];
  }[];
  /** At least one provider works. */
  readonly works: boolean;
}

/** Those that onnxruntime-node has on some platform. */
const PROVIDERS = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml', 'tensorrt'] as const;

const ADVICE: Readonly<Record<string, string>> = {
  cpu: 'reinstall onnxruntime-node: its library for this platform does not load or computes wrongly',
  cuda: 'needs an NVIDIA GPU with CUDA 12 and cuDNN 9, and libraries that are not in the npm package: npm_config_onnxruntime_node_install=cuda12 npm rebuild onnxruntime-node --foreground-scripts (Linux x64 only)',
  tensorrt: "needs TensorRT beside what 'cuda' needs; use 'cuda'",
  webgpu:
    'needs a GPU whose driver offers Vulkan, Metal or Direct3D 12; on Linux also the package libvulkan1 (vulkaninfo lists adapters)',
  coreml: 'only in the builds for macOS',
  dml: 'only in the builds for Windows',
};

const TFJS_ADVICE: Readonly<Record<TfjsBackend, string>> = {
  'node-gpu': `with Node 20 to 22 (newer ones: tfjs#8609) on Linux or Windows x64 with an NVIDIA GPU, CUDA 11.2 and cuDNN 8.1: ${installAdvice('node-gpu')} (its install script downloads libtensorflow)`,
  node: `with Node 20 to 22 (newer ones: tfjs#8609): ${installAdvice('node')} (its install script downloads libtensorflow)`,
  webgpu: `in a browser or runtime with WebGPU (navigator.gpu): ${installAdvice('webgpu')}`,
  wasm: installAdvice('wasm'),
  cpu: installAdvice('cpu'),
};

const NOT_INSTALLED = 'not installed';

/** Differences of float32 from the float64 reference stay far below this in the probe; tf32 too. */
const TOLERANCE = 1e-2;

/** The one that Node has. */
const WEB_PROVIDERS = ['wasm'] as const;
const WEB_ADVICE = 'npm install onnxruntime-web';

/** How `only` names providers of other engines than onnxruntime. */
const WEB = 'onnxruntime-web:';
const TFJS = 'tfjs:';

const ALL: readonly string[] = [
  ...PROVIDERS,
  ...WEB_PROVIDERS.map((provider) => `${WEB}${provider}`),
  ...TFJS_BACKENDS.map((backend) => `${TFJS}${backend}`),
];

/**
 * Which engines and providers are there and work: a small training step is run on each and compared with the float64
 * reference. Throws nothing because of a provider. `only` limits what is tried: providers of onnxruntime ('cpu', 'cuda',
 * …), those of onnxruntime-web ('onnxruntime-web:wasm') and backends of tfjs ('tfjs:wasm', 'tfjs:node-gpu', …).
 */
export async function doctor(only: readonly string[] = ALL): Promise<DoctorReport> {
  const native = only.filter((name) => !name.includes(':'));
  const named = (prefix: string) =>
    only.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const [web, backends] = [named(WEB), named(TFJS)];
  const engines = [
    ...(native.length > 0 ? [await examineOnnxruntime(native)] : []),
    ...(web.length > 0 ? [await examineOnnxruntimeWeb(web)] : []),
    ...(backends.length > 0 ? [await examineTfjs(backends)] : []),
  ];
  return {
    node: process.versions.node,
    machine: `${process.platform}-${process.arch}`,
    engines,
    works: engines.some(({ providers }) => providers.some(({ works }) => works)),
  };
}

type EngineReport = DoctorReport['engines'][number];

async function examineOnnxruntime(names: readonly string[]): Promise<EngineReport> {
  const native = installedOnnxruntime();
  if (native instanceof g.NatsError) {
    const { received, limit } = native.details;
    const providers = names.map((provider) => ({ provider, known: false, works: false, reason: received }));
    // The same advice for all of them: said once.
    return {
      engine: 'onnxruntime',
      version: NOT_INSTALLED,
      providers: [{ ...providers[0]!, advice: limit ?? INSTALL_ADVICE }, ...providers.slice(1)],
    };
  }
  const { env } = native;
  const known = new Set(native.listSupportedBackends().map(({ name }) => name));
  const level = env.logLevel;
  // A provider that is not there makes onnxruntime print what the report says anyway.
  env.logLevel = 'fatal';
  const providers: ProviderReport[] = [];
  try {
    for (const provider of names) providers.push(await examine(provider, known.has(provider)));
  } finally {
    if (level !== undefined) env.logLevel = level;
  }
  return { engine: 'onnxruntime', version: onnxruntimeVersion(), providers };
}

function installedOnnxruntime() {
  try {
    return nativeOnnxruntime();
  } catch (error) {
    if (error instanceof g.NatsError) return error;
    throw error;
  }
}

async function examineOnnxruntimeWeb(names: readonly string[]): Promise<EngineReport> {
  const providers: ProviderReport[] = [];
  let version = NOT_INSTALLED;
  for (const name of names) {
    const known = WEB_PROVIDERS.some((provider) => provider === name);
    const advice = known ? WEB_ADVICE : `no provider of onnxruntime-web in Node; it has ${WEB_PROVIDERS.join(', ')}`;
    const engine = async () => {
      const made = await onnxruntimeWebEngine({ providers: [name] });
      version = String(made.fingerprint.version);
      return made;
    };
    providers.push(await examineOptional(name, known, engine, advice));
  }
  return { engine: 'onnxruntime-web', version, providers };
}

async function examineTfjs(names: readonly string[]): Promise<EngineReport> {
  const providers: ProviderReport[] = [];
  let version = NOT_INSTALLED;
  for (const name of names) {
    const backend = TFJS_BACKENDS.find((known) => known === name);
    const advice = backend ? TFJS_ADVICE[backend] : `no backend of tfjs; it has ${TFJS_BACKENDS.join(', ')}`;
    const engine = async () => {
      const made = await tfjsEngine({ backend: backend! });
      version = String(made.fingerprint.version);
      return made;
    };
    providers.push(await examineOptional(name, backend !== undefined, engine, advice));
  }
  return { engine: 'tfjs', version, providers };
}

/** Of an engine whose package may be missing. */
async function examineOptional(
  provider: string,
  known: boolean,
  open: () => Promise<g.Engine>,
  advice: string,
): Promise<ProviderReport> {
  if (!known) return { provider, known, works: false, reason: 'unknown', advice };
  try {
    const error = await stepError(await open());
    const works = error < TOLERANCE;
    return { provider, known, works, error, ...(!works && { advice }) };
  } catch (cause) {
    const reason = cause instanceof g.NatsError ? cause.details.received : String(cause);
    return { provider, known, works: false, reason: reason.split('\n')[0]!, advice };
  }
}

async function examine(provider: string, known: boolean): Promise<ProviderReport> {
  const advice = ADVICE[provider] ?? `no provider of onnxruntime-node; it has ${PROVIDERS.join(', ')}`;
  if (!known) return { provider, known, works: false, reason: 'not in this build', advice };
  try {
    if (provider === 'webgpu') return await examineWebgpu(advice);
    const error = await stepError(onnxruntimeEngine({ providers: [provider] }));
    const works = error < TOLERANCE;
    return { provider, known, works, error, ...(!works && { advice: `computes wrongly here; ${advice}` }) };
  } catch (cause) {
    const native = cause instanceof g.NatsError && cause.cause instanceof Error ? cause.cause.message : undefined;
    const text = native ?? (cause instanceof g.NatsError ? (cause.details.limit ?? cause.message) : String(cause));
    const missing = provider === 'cuda' ? missingForCuda() : [];
    const lacking = `missing here: ${missing.join('; ')}`;
    return {
      provider,
      known,
      works: false,
      reason: shortReason(text),
      advice: missing.length > 0 ? lacking : advice,
    };
  }
}

/** onnxruntime's messages begin with source paths and signatures. */
function shortReason(text: string): string {
  const line = text.trim().split('\n')[0]!;
  return /Failed to .*$/.exec(line)?.[0] ?? line;
}

/** In a process of its own: what drivers print stays there, and a driver that ends the process does not end this one. */
async function examineWebgpu(advice: string): Promise<ProviderReport> {
  const { program, spec, feeds } = smallStep();
  const values = g.initialize(spec, 1);
  const model = encodeProgram(program, { lowerings: webgpuLowerings });
  const inputs = { ...feeds, ...Object.fromEntries([...values].filter(([name]) => program.variables.has(name))) };
  const { outputs, reason, adapter } = await probe('webgpu', model, inputs);
  const report = { provider: 'webgpu', known: true, ...(adapter && { adapter }) };
  if (!outputs) return { ...report, works: false, reason: shortReason(reason!), advice };
  const exact = await stepOf(g.referenceEngine());
  const error = distance({ loss: outputs.loss![0]!, weights: outputs[updateName(WEIGHT)]! }, exact);
  if (!(error < TOLERANCE)) return { ...report, works: false, error, advice: `computes wrongly here; ${advice}` };
  const slow = "this adapter is the CPU in disguise: for tests, and slower than 'cpu'";
  return { ...report, works: true, error, ...(adapter?.software && { advice: slow }) };
}

interface StepResult {
  readonly loss: number;
  readonly weights: ArrayLike<number>;
}

/** Disposes of the engine. */
async function stepOf(engine: g.Engine): Promise<StepResult> {
  const { program, spec, feeds } = smallStep();
  try {
    const executable = await engine.compile(program);
    const state = await engine.createState(spec, g.initialize(spec, 1));
    const { loss } = await executable.run(state, feeds);
    return { loss: loss!.data[0]!, weights: (await state.read([WEIGHT])).get(WEIGHT)!.data };
  } finally {
    await engine.dispose();
  }
}

/** Disposes of the engine. */
async function stepError(subject: g.Engine): Promise<number> {
  return distance(await stepOf(subject), await stepOf(g.referenceEngine()));
}

/** Largest difference of a step's loss and new weights from the reference's, over the largest value. */
function distance(ours: StepResult, exact: StepResult): number {
  const pairs = [
    [ours.loss, exact.loss] as const,
    ...Array.from(exact.weights, (w, i) => [ours.weights[i]!, w] as const),
  ];
  const largest = Math.max(...pairs.map(([, b]) => Math.abs(b)));
  return pairs.reduce(
    (worst, [a, b]) => (Number.isFinite(a) ? Math.max(worst, Math.abs(a - b) / largest) : Infinity),
    0,
  );
}

const WEIGHT = 'convolution.weight';

/** A dilated convolution, batch norm, a linear layer and one step of gradient descent. */
function smallStep() {
  const scope = g.createScope({ normalization: 'batch' });
  const x = g.input('x', 'float32', [2, 3, 8, 8]);
  const labels = g.input('labels', 'int32', [2]);
  const map = g.convolution(scope.child('convolution'), x, { channels: 4, padding: 2, dilation: 2 });
  const features = g.globalAveragePool(g.relu(g.batchNorm(scope.child('norm'), map)));
  const loss = g.crossEntropy(g.linear(scope.child('head'), g.flatten(features), 3), labels);
  const weight = scope.variable(WEIGHT)!;
  scope.update(weight, g.subtract(weight, g.gradients(loss, [weight])[0]!));
  const pixels = Float32Array.from({ length: 2 * 3 * 8 * 8 }, (_, i) => g.hashNormal(1, i));
  return {
    program: g.createProgram({ outputs: { loss }, updates: scope.updates }),
    spec: scope.spec,
    feeds: { x: g.tensorData('float32', [2, 3, 8, 8], pixels), labels: g.tensorData('int32', [2], [0, 2]) },
  };
}

/** The report as lines of text. */
export function formatDoctor(report: DoctorReport): string {
  const lines = [`node ${report.node} on ${report.machine}`];
  for (const { engine, version, providers } of report.engines) {
    lines.push(`${engine} ${version}`);
    for (const { provider, works, error, reason, advice, adapter } of providers) {
      const where = adapter ? ` on ${adapter.name}${adapter.software ? ', in software' : ''}` : '';
      const verdict = works
        ? `works${where} (error ${error!.toExponential(1)})`
        : `does not work${where}: ${reason ?? 'wrong numbers'}`;
      lines.push(`  ${provider.padEnd(9)} ${verdict}`);
      if (advice !== undefined) lines.push(`  ${''.padEnd(9)} ${advice}`);
    }
  }
  lines.push(report.works ? 'Programs can be run here.' : 'No provider works: programs can not be run here.');
  return lines.join('\n');
}
