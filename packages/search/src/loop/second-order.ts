import {
  add,
  type Engine,
  type Executable,
  type Feeds,
  input,
  mergeSpecs,
  multiply,
  reduceSum,
  type State,
  type StateSpec,
  type TensorData,
  tensorData,
} from '@nats/graph';
import {
  type CompiledUpdate,
  gradientStep,
  type Objective,
  type StepOptions,
  trainingStep,
  type UpdateMaker,
} from '@nats/train/core';

/** Input with the step size xi of the look ahead: the rate with which weights are trained. */
export const UNROLLED_RATE = 'unrolledRate';

export interface SecondOrderOptions {
  /** The split that weights are fitted on. */
  readonly weightSplit: string;
  /** Which parameters are the upper level's; the others are weights. */
  readonly isArchitecture: (name: string) => boolean;
  /** Rules of the weights: frozen ones are not moved. */
  readonly rules?: StepOptions['rules'];
}

/** Length of the finite difference's step in the space of weights (DARTS, section 2.3). */
const DIFFERENCE = 0.01;

type Values = ReadonlyMap<string, TensorData>;

/**
 * The second-order update of DARTS (Liu et al. 2019, equations 6 to 8): the gradient of the architecture, at the weights
 * w' = w - xi dL_train/dw that one plain step of gradient descent leads to, less xi times the mixed second derivative
 * applied to dL_val/dw', by a central difference of dL_train/dalpha at w +- epsilon dL_val/dw', epsilon = 0.01 / |dL_val/dw'|.
 * (As in the paper's equation xi's step has neither momentum nor weight decay; its code adds both.) It costs four gradients
 * instead of one, and a second copy of the weights. Weights and running statistics stay as they are.
 *
 * Needs the scalar feed `unrolledRate`, xi.
 */
export function secondOrderUpdate({ weightSplit, isArchitecture, rules = [] }: SecondOrderOptions): UpdateMaker {
  return {
    config: { kind: 'second order', weightSplit },
    splits: [weightSplit],
    compile: async (engine, objective, options) => {
      const { normalization, batch, convolution } = options;
      const shared = {
        ...(normalization && { normalization }),
        ...(batch !== undefined && { batch }),
        ...(convolution && { convolution }),
      };
      const isWeight = (name: string) => !isArchitecture(name);
      const ofWeights = gradientStep(objective, { ...shared, rules, only: isWeight });
      const ofAll = gradientStep(objective, { ...shared, rules });
      const ofArchitecture = gradientStep(objective, { ...shared, only: isArchitecture });
      const apply = trainingStep(givenGradients(ofAll.spec, ofArchitecture.trained), {
        ...options,
        only: isArchitecture,
      });
      const [weights, all, architecture, applying] = await compileAll(engine, [
        ofWeights,
        ofAll,
        ofArchitecture,
        apply,
      ]);
      return lookAhead(engine, {
        programs: { weights: weights!, all: all!, architecture: architecture!, apply: applying! },
        spec: mergeSpecs(ofAll.spec, apply.spec),
        copied: ofAll.spec,
        weights: ofWeights.trained,
        architecture: ofArchitecture.trained,
      });
    },
  };
}

async function compileAll(engine: Engine, steps: readonly { readonly program: Parameters<Engine['compile']>[0] }[]) {
  const executables: Executable[] = [];
  for (const { program } of steps) executables.push(await engine.compile(program));
  return executables;
}

/** A loss whose gradients are what is fed as `gradient.NAME`: an optimizer's step on gradients from elsewhere. */
function givenGradients(spec: StateSpec, names: readonly string[]): Pick<Objective, 'loss'> {
  return {
    loss: (scope) => {
      const terms = names.map((name) => {
        const { shape, initializer } = spec.get(name)!;
        const given = input(gradientName(name), 'float32', shape);
        return reduceSum(multiply(scope.parameter(name, shape, initializer), given));
      });
      return { loss: terms.reduce(add) };
    },
  };
}

const gradientName = (name: string) => `gradient.${name}`;

interface LookAhead {
  readonly programs: Readonly<Record<'weights' | 'all' | 'architecture' | 'apply', Executable>>;
  readonly spec: StateSpec;
  /** Variables that gradients depend on: what the copy holds. */
  readonly copied: StateSpec;
  readonly weights: readonly string[];
  readonly architecture: readonly string[];
}

function lookAhead(engine: Engine, { programs, spec, copied, weights, architecture }: LookAhead): CompiledUpdate {
  let copy: State | undefined;
  const gradientsOf = async (executable: Executable, state: State, feeds: Feeds) => {
    const wanted = Object.entries(feeds).filter(([name]) => executable.program.inputs.has(name));
    return new Map(Object.entries(await executable.run(state, Object.fromEntries(wanted))));
  };
  return {
    spec,
    trained: architecture,
    run: async (state, [own, weightBatch], rates, { [UNROLLED_RATE]: unrolled, ...feeds }) => {
      const rate = unrolled!.data[0]!;
      const [validation, training] = [
        { ...own, ...feeds },
        { ...weightBatch, ...feeds },
      ];
      const values = await state.read(copied.keys());
      copy ??= await engine.createState(copied, values);
      await copy.write(values);
      const slope = await gradientsOf(programs.weights, copy, training);
      const ahead = moved(values, slope, weights, -rate);
      await copy.write(ahead);
      const upper = await gradientsOf(programs.all, copy, validation);
      const length = lengthOf(weights.map((name) => upper.get(gradientName(name))!));
      const size = DIFFERENCE / length;
      // Around the present weights, as in the paper: the derivative at w, applied to the slope at w'.
      const sides: Map<string, TensorData>[] = [];
      if (Number.isFinite(size) && rate !== 0) {
        for (const step of [size, -size]) {
          await copy.write(moved(values, upper, weights, step));
          sides.push(await gradientsOf(programs.architecture, copy, training));
        }
      }
      const given = architecture.map((name) => {
        const first = upper.get(gradientName(name))!;
        const [plus, minus] = sides.map((side) => side.get(gradientName(name))!.data);
        const data = Float32Array.from(first.data, (value, i) =>
          plus && minus ? value - (rate * (plus[i]! - minus[i]!)) / (2 * size) : value,
        );
        return [gradientName(name), tensorData('float32', first.shape, data)] as const;
      });
      const applied = await programs.apply.run(state, { ...Object.fromEntries(given), ...rates });
      const outputs = [...upper].filter(([name]) => !name.startsWith('gradient.'));
      const norm = applied.gradientNorm;
      return Object.fromEntries(
        [...outputs, ...(norm ? [['gradientNorm', norm] as const] : [])].map(([name, { data }]) => [name, data[0]!]),
      );
    },
    dispose: async () => {
      for (const executable of Object.values(programs)) await executable.dispose();
      await copy?.dispose();
    },
  };
}

/** `weights + step * slopes`; the other values are left out. */
function moved(values: Values, slopes: Values, names: readonly string[], step: number): Map<string, TensorData> {
  return new Map(
    names.map((name) => {
      const { shape, data } = values.get(name)!;
      const slope = slopes.get(gradientName(name))!.data;
      return [
        name,
        tensorData(
          'float32',
          shape,
          Float32Array.from(data, (value, i) => value + step * slope[i]!),
        ),
      ];
    }),
  );
}

function lengthOf(vectors: readonly TensorData[]): number {
  let sum = 0;
  for (const { data } of vectors) for (const value of data) sum += value * value;
  return Math.sqrt(sum);
}
