/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { BrowserProvider } from '../model.js';
import { element } from '../page-elements.js';
import { exampleElement } from './example-element.js';
import { type LayerTables, layerTables } from './layer-tables.js';
import { lossCurve } from './loss-curve.js';
import type { News, Request } from './messages.js';
import { foundWords, leftWords } from './words.js';

const form = element<HTMLFormElement>('controls');
const [start, pause, stop] = ['start', 'pause', 'stop'].map((id) => element<HTMLButtonElement>(id)) as [
  HTMLButtonElement,
  HTMLButtonElement,
  HTMLButtonElement,
];
const engine = element<HTMLSelectElement>('engine');
const status = element('status');
const progress = element<HTMLProgressElement>('progress');

/** One that goes on, or pauses. */
interface Running {
  readonly worker: Worker;
  readonly steps: number;
  readonly losses: number[];
  readonly seconds: number[];
  tables?: LayerTables;
  /** Step in which the dilations begin to move. */
  start: number;
  paused: boolean;
}

let running: Running | undefined;

function say(text: string, failed = false): void {
  status.textContent = text;
  status.classList.toggle('failed', failed);
}

function ask(request: Request): void {
  running?.worker.postMessage(request);
}

/** Which buttons do something; the keyboard stays where it can go on. */
function showButtons(): void {
  const focused = document.activeElement;
  start.disabled = running !== undefined;
  pause.disabled = stop.disabled = running === undefined;
  pause.textContent = running?.paused ? 'Go on' : 'Pause';
  if (focused instanceof HTMLButtonElement && focused.disabled) (running ? pause : start).focus();
}

function begin(): void {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const steps = Number(element<HTMLSelectElement>('steps').value);
  const largest = Number(element<HTMLSelectElement>('largest').value);
  const seed = Number(element<HTMLInputElement>('seed').value);
  running = { worker, steps, losses: [], seconds: [], start: 0, paused: false };
  worker.addEventListener('message', ({ data }: MessageEvent<News>) => hear(data));
  worker.addEventListener('error', ({ message }) => hear({ type: 'failed', message: message || 'the worker failed' }));
  progress.max = steps;
  progress.value = 0;
  element('progress-words').textContent = '';
  for (const id of ['moving', 'found']) element(id).hidden = true;
  say('The programs of the search are made and compiled …');
  showButtons();
  ask({ type: 'start', provider: engine.value as BrowserProvider, steps, largest, seed });
}

function end(): void {
  running?.worker.terminate();
  running = undefined;
  showButtons();
}

function hear(news: News): void {
  if (!running) return;
  switch (news.type) {
    case 'examples':
      element('examples').replaceChildren(...news.examples.map(exampleElement));
      element('pictures').hidden = false;
      break;
    case 'ready':
      running.start = news.start;
      running.tables = layerTables(element('layers'), news.genotypes);
      if (!running.paused)
        say(`It runs. Dilations move from step ${news.start + 1} on; until then the weights learn alone.`);
      break;
    case 'step':
      step(news, running);
      break;
    case 'end':
      found(news, running);
      end();
      break;
    case 'failed':
      end();
      say(news.message, true);
  }
}

function step(news: News & { readonly type: 'step' }, { steps, losses, seconds, tables, start }: Running): void {
  losses.push(news.loss);
  seconds.push(news.seconds);
  progress.value = news.step;
  element('progress-words').textContent = ` Step ${news.step} of ${steps}, ${leftWords(seconds, steps, start)}`;
  tables!.show(news.layers);
  lossCurve(element('loss'), losses, steps);
  element('moving').hidden = false;
  if (news.step === start + 1 && !running!.paused) say('The dilations move now.');
}

function found({ stopped, steps, scheme }: News & { readonly type: 'end' }, run: Running): void {
  const link = element<HTMLAnchorElement>('download');
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([scheme], { type: 'application/json' }));
  element('found').hidden = false;
  element('found-words').textContent = foundWords(scheme);
  element('progress-words').textContent = ` ${steps} of ${run.steps} steps`;
  const early = steps <= run.start ? ', before the dilations began to move' : '';
  say(
    stopped ? `Stopped after ${steps} steps${early}.` : `Done: ${steps} steps by ${engine.selectedOptions[0]!.text}.`,
  );
}

function togglePause(): void {
  if (!running) return;
  running.paused = !running.paused;
  ask({ type: running.paused ? 'pause' : 'continue' });
  say(running.paused ? 'Paused after the step under way.' : 'It goes on.');
  showButtons();
}

function halt(): void {
  if (!running) return;
  if (running.losses.length > 0) {
    ask({ type: 'stop' });
    say('Stops after the step under way …');
  } else {
    end();
    say('Stopped before its first step.');
  }
}

if (!('gpu' in navigator)) engine.querySelector<HTMLOptionElement>('[value=webgpu]')!.disabled = true;
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!running) begin();
});
pause.addEventListener('click', togglePause);
stop.addEventListener('click', halt);
