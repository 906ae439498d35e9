/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { type BrowserProvider, type Model, openModel } from './model.js';
import { imageOf, type Picture, readPicture } from './picture.js';
import { type Result, resultElement } from './result.js';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const models = element<HTMLInputElement>('models');
const pictureInput = element<HTMLInputElement>('picture');
const engine = element<HTMLSelectElement>('engine');
const score = element<HTMLInputElement>('score');
const status = element('status');

/** More do not fit beside each other, and are not wanted. */
const MOST = 2;
const RUNS = 5;

let results: readonly Result[] = [];
let picture: Picture | undefined;
/** Of what was asked for last: what is older and ends later is thrown away. */
let turn = 0;

function say(text: string, failed = false): void {
  status.textContent = text;
  status.classList.toggle('failed', failed);
}

/** Opens what is chosen, and detects with it. */
async function detect(): Promise<void> {
  const own = ++turn;
  const files = [...(models.files ?? [])].slice(0, MOST);
  const file = pictureInput.files?.[0];
  results = [];
  show();
  if (files.length === 0 || !file) return say('Open a detector and a picture.');
  const opened: Model[] = [];
  try {
    say('Opens …');
    const read = await readPicture(file);
    for (const one of files) opened.push(await openModel(one, engine.value as BrowserProvider));
    const measured: Result[] = [];
    for (const model of opened) {
      say(`${model.name} detects …`);
      measured.push(await measure(model, read));
    }
    if (own !== turn) return;
    [results, picture] = [measured, read];
    show();
    say(`Done, by ${engine.selectedOptions[0]!.text}.`);
  } catch (error) {
    if (own === turn) say(error instanceof Error ? error.message : String(error), true);
  } finally {
    for (const model of opened) await model.close();
  }
}

async function measure(model: Model, { bitmap, rgba }: Picture): Promise<Result> {
  const image = imageOf(bitmap, rgba, model.convention.input.channels);
  // The first run plans and allocates.
  const detections = await model.detect(image);
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const started = performance.now();
    await model.detect(image);
    times.push(performance.now() - started);
  }
  return { model, detections, milliseconds: times.sort((a, b) => a - b)[RUNS >> 1]!, runs: RUNS };
}

function show(): void {
  const least = Number(score.value);
  element('score-value').textContent = least.toFixed(2);
  element('results').replaceChildren(...results.map((result) => resultElement(result, picture!, least)));
}

const hasGpu = 'gpu' in navigator;
if (!hasGpu) engine.querySelector<HTMLOptionElement>('[value=webgpu]')!.disabled = true;
for (const input of [models, pictureInput, engine]) input.addEventListener('change', () => void detect());
score.addEventListener('input', show);
