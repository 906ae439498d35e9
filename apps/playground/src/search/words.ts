import { type Genotype, schemeFromJson, schemeRows } from '@nats/space';

/** How far a convolution reaches on average, by its probabilities. */
export function meanWords(shares: readonly number[], genotypes: readonly Genotype[]): string {
  const mean = (axis: 0 | 1) => shares.reduce((sum, share, g) => sum + share * genotypes[g]![axis], 0);
  return `on average ${mean(0).toFixed(2)} high, ${mean(1).toFixed(2)} wide`;
}

/** What a scheme's file says in a sentence or two. */
export function foundWords(file: string): string {
  const { all, sites } = schemeRows(schemeFromJson(file));
  const [height, width] = all.meanDilation;
  const wider = sites.filter(({ meanDilation: [h, w] }) => w > h).length;
  const direction = width > height ? 'wide, as the digits are' : width < height ? 'high' : 'square';
  return `Mean dilation ${height.toFixed(2)} by height and ${width.toFixed(2)} by width: ${direction}. ${wider} of ${sites.length} convolutions reach farther to the sides than up and down.`;
}

/**
 * @param seconds of each step so far
 * @param start first step that moves the architecture, too: it takes about twice as long as those before
 */
export function leftWords(seconds: readonly number[], steps: number, start: number): string {
  const recent = seconds.slice(-10);
  const each = recent.reduce((sum, value) => sum + value, 0) / recent.length;
  const done = seconds.length;
  const work = (from: number, to: number) =>
    Math.max(0, Math.min(to, start) - from) + 2 * (to - Math.max(from, Math.min(to, start)));
  const unit = each / (done <= start ? 1 : 2);
  const left = unit * work(done, steps);
  const rate = `${each.toFixed(2)} s a step`;
  return left < 90 ? `${rate}, about ${Math.ceil(left)} s left` : `${rate}, about ${Math.round(left / 60)} min left`;
}
