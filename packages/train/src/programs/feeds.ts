import { type Executable, type Feeds, type TensorData, tensorData } from '@nats/graph';

/** Those of the feeds that a program has inputs for: labels are not, where only statistics are computed. */
export function feedsOf({ program }: Executable, feeds: Feeds): Feeds {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.has(name)));
}

export function scalarFeed(value: number): TensorData {
  return tensorData('float32', [], [value]);
}
