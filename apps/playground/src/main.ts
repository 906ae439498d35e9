/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { type Camera, openCamera } from './camera.js';
import { type BrowserProvider, type Model, openModel } from './model.js';
import { element } from './page-elements.js';
import { imageOf, type Picture, readPicture } from './picture.js';
import { type Result, resultElement } from './result.js';

const models = element<HTMLInputElement>('models');
const pictureInput = element<HTMLInputElement>('picture');
const cameraButton = element<HTMLButtonElement>('camera');
const engine = element<HTMLSelectElement>('engine');
const score = element<HTMLInputElement>('score');
const status = element('status');

/** More do not fit beside each other, and are not wanted. */
const MOST = 2;
const RUNS = 5;

let results: readonly Result[] = [];
let picture: Picture | undefined;
let camera: Camera | undefined;
/** Of what was asked for last: what is older and ends later is thrown away. */
let turn = 0;

function say(text: string, failed = false): void {
  status.textContent = text;
  status.classList.toggle('failed', failed);
}

const chosen = () => [...(models.files ?? [])].slice(0, MOST);

/** Does something with the detectors that are chosen, and says what fails. */
async function withModels(own: number, work: (opened: readonly Model[]) => Promise<void>): Promise<void> {
  const opened: Model[] = [];
  try {
    for (const file of chosen()) opened.push(await openModel(file, engine.value as BrowserProvider));
    await work(opened);
  } catch (error) {
    if (own === turn) {
      stopCamera();
      say(error instanceof Error ? error.message : String(error), true);
    }
  } finally {
    for (const model of opened) await model.close();
  }
}

/** Opens what is chosen, and detects with it. */
async function detect(): Promise<void> {
  const own = ++turn;
  const file = pictureInput.files?.[0];
  results = [];
  show();
  if (chosen().length === 0 || !file) return say('Open a detector and a picture, or the camera.');
  say('Opens …');
  await withModels(own, async (opened) => {
    const read = await readPicture(file);
    const measured: Result[] = [];
    for (const model of opened) {
      say(`${model.name} detects …`);
      measured.push(await measure(model, read));
    }
    if (own !== turn) return;
    [results, picture] = [measured, read];
    show();
    say(`Done, by ${engine.selectedOptions[0]!.text}.`);
  });
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
  return { model, detections, milliseconds: median(times), runs: RUNS };
}

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1]!;

/** Detects what the camera sees, picture by picture, until something else is asked for. */
async function watchCamera(seeing: Camera): Promise<void> {
  const own = ++turn;
  say('Opens …');
  await withModels(own, async (opened) => {
    const times = opened.map((): number[] => []);
    if (own === turn) say(`The camera is on, by ${engine.selectedOptions[0]!.text}.`);
    while (own === turn && seeing.live) {
      const read = await readPicture(seeing.video);
      const seen: Result[] = [];
      for (const [i, model] of opened.entries()) {
        const image = imageOf(read.bitmap, read.rgba, model.convention.input.channels);
        const started = performance.now();
        const detections = await model.detect(image);
        times[i] = [...times[i]!, performance.now() - started].slice(-RUNS);
        seen.push({ model, detections, milliseconds: median(times[i]!), runs: times[i]!.length });
      }
      if (own !== turn) return;
      picture?.bitmap.close();
      [results, picture] = [seen, read];
      show();
      await new Promise(requestAnimationFrame);
    }
    if (own === turn) {
      stopCamera();
      say('The camera has ended.', true);
    }
  });
}

function stopCamera(): void {
  camera?.stop();
  camera = undefined;
  cameraButton.textContent = 'Camera';
  cameraButton.setAttribute('aria-pressed', 'false');
}

async function toggleCamera(): Promise<void> {
  if (camera) {
    turn++;
    stopCamera();
    return say('The camera is off. The last picture stays.');
  }
  if (chosen().length === 0) return say('Open a detector first, then the camera.', true);
  const own = ++turn;
  say('Asks for the camera …');
  try {
    const opened = await openCamera();
    if (own !== turn) return opened.stop();
    camera = opened;
  } catch (error) {
    if (own === turn) say((error as Error).message, true);
    return;
  }
  cameraButton.textContent = 'Stop the camera';
  cameraButton.setAttribute('aria-pressed', 'true');
  await watchCamera(camera);
}

function show(): void {
  const least = Number(score.value);
  element('score-value').textContent = least.toFixed(2);
  element('results').replaceChildren(...results.map((result) => resultElement(result, picture!, least)));
}

const hasGpu = 'gpu' in navigator;
if (!hasGpu) engine.querySelector<HTMLOptionElement>('[value=webgpu]')!.disabled = true;
for (const input of [models, engine]) {
  input.addEventListener('change', () => void (camera && chosen().length > 0 ? watchCamera(camera) : detect()));
}
pictureInput.addEventListener('change', () => {
  stopCamera();
  void detect();
});
cameraButton.addEventListener('click', () => void toggleCamera());
score.addEventListener('input', show);
