import { readFileSync } from 'node:fs';
import { type Feeds, type Scope, type StateSpec, type TensorData, tensorData } from '@nats/graph';
import { type GoldenFixture, goldenState, parseGolden } from '@nats/graph/testing';
import type { Detections } from '../../src/index.js';

/** What every fixture of tools/golden/detectors.py has. */
export interface DetectorAttributes {
  /** Height and width of the images. */
  readonly size: number;
  readonly classes: number;
  /** Of the pyramid and the heads. */
  readonly channels: number;
  readonly targets: readonly { readonly boxes: readonly (readonly number[])[]; readonly labels: readonly number[] }[];
  /** By the end of a parameter's name: factor and shift of its golden value. */
  readonly scales: Readonly<Record<string, readonly [number, number]>>;
}

export function readGolden<A>(name: string): GoldenFixture<A> {
  return parseGolden<A>(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** `goldenState` with a fixture's scales applied, in float32. */
export function detectorState(spec: StateSpec, seed: number, { scales }: DetectorAttributes): Map<string, TensorData> {
  const values = goldenState(spec, seed);
  for (const [name, { data }] of values) {
    for (const [end, [factor, shift]] of Object.entries(scales)) {
      if (!name.endsWith(end)) continue;
      const [a, b] = [Math.fround(factor), Math.fround(shift)];
      for (let i = 0; i < data.length; i++) data[i] = Math.fround(Math.fround(data[i]! * a) + b);
    }
  }
  return values;
}

/** Ground truth padded to `places` objects an image. */
export function targetFeeds({ targets }: DetectorAttributes, places: number): Feeds {
  const boxes = new Float32Array(targets.length * places * 4);
  const labels = new Int32Array(targets.length * places).fill(-1);
  for (const [image, objects] of targets.entries()) {
    boxes.set(objects.boxes.flat(), image * places * 4);
    labels.set(objects.labels, image * places);
  }
  return {
    boxes: tensorData('float32', [targets.length, places, 4], boxes),
    labels: tensorData('int32', [targets.length, places], labels),
  };
}

/** Detections by golden name, `FAMILY/IMAGE.boxes` and so on. */
export function namedDetections(family: string, found: readonly Detections[]): [string, TensorData][] {
  return found.flatMap(({ boxes, scores, labels }, i) => [
    [`${family}/${i}.boxes`, tensorData('float32', [boxes.length, 4], boxes.flat())] as [string, TensorData],
    [`${family}/${i}.scores`, tensorData('float32', [scores.length], scores)] as [string, TensorData],
    [`${family}/${i}.labels`, tensorData('int32', [labels.length], labels)] as [string, TensorData],
  ]);
}

/** Parameters whose gradients a case has. */
export function goldenGradients(fixture: GoldenFixture): string[] {
  return Object.keys(fixture.cases.only!.tensors).flatMap((name) =>
    name.startsWith('gradient/') ? [name.slice('gradient/'.length)] : [],
  );
}

export function variables(scope: Scope, names: readonly string[]) {
  return names.map((name) => {
    const variable = scope.variable(name);
    if (!variable) throw new Error(`the detector has no parameter ${name}`);
    return variable;
  });
}
