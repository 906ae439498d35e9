import { createSearch, decodeScheme, intensitiesBySite } from '@nats/search';
import { schemeToJson } from '@nats/space';
import { type DigitsSearch, digitsSearch, exampleImages } from './digits-task.js';
import type { News } from './messages.js';

export interface SearchControl {
  /** Ends the search after the step under way; what was found by then is kept. */
  readonly signal: AbortSignal;
  /** Waited for before each step: pending while the search pauses. */
  ready(): Promise<void>;
}

/** Searches dilations for a small detector of digits, and tells how it goes: in a worker of the page, or anywhere. */
export async function* runSearch(options: DigitsSearch, { signal, ready }: SearchControl): AsyncGenerator<News> {
  yield { type: 'examples', examples: await exampleImages(options) };
  const settings = digitsSearch(options);
  const { genotypes } = settings.space;
  const search = await createSearch(settings);
  try {
    yield { type: 'ready', genotypes, start: settings.architecture.start };
    let done = 0;
    await ready();
    for await (const event of search.events({ signal })) {
      if (event.type !== 'step') continue;
      done = event.step;
      const layers = Object.entries(intensitiesBySite(await search.architecture())).map(([name, shares]) => ({
        name,
        shares,
      }));
      yield { type: 'step', step: done, loss: event.loss, seconds: event.seconds, layers };
      await ready();
    }
    const scheme = decodeScheme(
      await search.architecture(),
      { method: 'argmax' },
      {
        tool: { name: 'nats playground', version: '0.0.0' },
      },
    );
    const stopped = done < options.steps;
    yield { type: 'end', stopped, steps: done, scheme: schemeToJson(scheme) };
  } finally {
    await search.dispose();
  }
}
