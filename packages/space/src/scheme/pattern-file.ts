import { check, malformed, NatsError } from '@nats/graph';
import { parseJson } from '@nats/graph/schema';
import type { ConvolutionSite } from '../backbones/index.js';
import { type Genotype, MAX_DILATION, MAX_GENOTYPES, PLAIN } from '../genotypes.js';
import { MAX_SCHEME_TEXT } from './json.js';
import { checkChoiceFits, countGenotypes, createScheme, type Provenance, runsOf, type Scheme } from './scheme.js';

/**
 * Pattern files of IC-Conv (CVPR 2021): a JSON list in forward order with one object for each convolution,
 * `{"(dh-1, dw-1)": channels}`; a convolution's channels are contiguous, in the order of the keys. So a file holds
 * counts, not a genotype for each channel.
 */
export interface PatternImport {
  /** The backbone's name and the convolutions that the file is about, in forward order: 16 center ones for ResNet-50. */
  readonly backbone: string;
  readonly sites: readonly ConvolutionSite[];
  readonly provenance: Provenance;
  /** For messages. */
  readonly file?: string;
}

/**
 * Reads a pattern file as a scheme of contiguous runs. The scheme's genotypes are the file's, in the order of its first
 * object.
 * @throws NatsError `malformed` naming the file and the entry
 */
export function schemeFromPatterns(
  text: string,
  { backbone, sites, provenance, file = 'patterns' }: PatternImport,
): Scheme {
  const list = parseJson(text, file, MAX_SCHEME_TEXT);
  if (!Array.isArray(list) || list.length !== sites.length) {
    throw malformed(file, '', {
      rule: 'a pattern file is a list with one entry for each convolution',
      received: Array.isArray(list) ? `${list.length} entries` : 'no list',
      limit: `${sites.length} for ${backbone}`,
    });
  }
  const genotypes: Genotype[] = [];
  const indices = new Map<string, number>();
  const convolutions = sites.map((site, i): [string, Int32Array] => {
    const runs = readPattern(list[i], site, file, i).map(([genotype, count]): [number, number] => {
      const key = genotype.join();
      if (!indices.has(key)) indices.set(key, genotypes.push(genotype) - 1);
      return [indices.get(key)!, count];
    });
    const choice = Int32Array.from(runs.flatMap(([index, count]) => new Array<number>(count).fill(index)));
    return [site.name, choice];
  });
  try {
    const scheme = createScheme({ backbone, genotypes, convolutions, provenance });
    for (const site of sites) checkChoiceFits(scheme.convolutions.get(site.name)!, site);
    return scheme;
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    const { where = '', ...details } = error.details;
    throw malformed(file, where, details);
  }
}

function readPattern(entry: unknown, site: ConvolutionSite, file: string, i: number): [Genotype, number][] {
  const place = `[${i}] (${site.name})`;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw malformed(file, place, {
      rule: 'an entry is an object of counts',
      received: JSON.stringify(entry) ?? 'nothing',
    });
  }
  const counts = Object.entries(entry);
  if (counts.length > MAX_GENOTYPES) {
    throw malformed(file, place, {
      rule: 'there are few patterns',
      received: `${counts.length}`,
      limit: `${MAX_GENOTYPES}`,
    });
  }
  const runs = counts.map(([key, count]): [Genotype, number] => {
    const match = /^\((\d{1,2}), ?(\d{1,2})\)$/.exec(key);
    const genotype = match && ([Number(match[1]) + 1, Number(match[2]) + 1] as const);
    if (!genotype || Math.max(...genotype) > MAX_DILATION) {
      throw malformed(file, place, {
        rule: 'a key is a dilation less one, vertical and horizontal',
        received: `'${key}'`,
        limit: `'(0, 0)' to '(${MAX_DILATION - 1}, ${MAX_DILATION - 1})'`,
      });
    }
    if (!Number.isInteger(count) || (count as number) < 0 || (count as number) > site.channels) {
      throw malformed(file, `${place}.${key}`, {
        rule: 'a count is a number of channels',
        received: JSON.stringify(count),
        limit: `0 to ${site.channels}`,
      });
    }
    return [genotype, count as number];
  });
  const total = runs.reduce((sum, [, count]) => sum + count, 0);
  if (total !== site.channels) {
    throw malformed(file, place, {
      rule: 'counts sum to the channels',
      received: `${total}`,
      limit: `${site.channels}`,
    });
  }
  return runs;
}

/** A scheme in the format of the authors' code. */
export interface PatternExport {
  /** The text of the file. */
  readonly text: string;
  /**
   * For each convolution whose channels had to be reordered: the plain network's channel that stands at each place of the
   * file's. Weights and what follows them must be permuted alike. Empty for a scheme of contiguous runs.
   */
  readonly permutations: ReadonlyMap<string, Int32Array>;
}

/**
 * Writes a scheme as a pattern file for these convolutions; those that it does not name are plain.
 * @param interleaved what to do with a genotype whose channels are not contiguous, which the format cannot hold:
 * `refuse`, or `permute`: sort the channels and return how.
 * @throws NatsError `unsupported` for an interleaved scheme that is refused, `name` for a chosen convolution not among `sites`
 */
export function schemeToPatterns(
  scheme: Scheme,
  sites: readonly ConvolutionSite[],
  interleaved: 'refuse' | 'permute' = 'refuse',
): PatternExport {
  const known = new Set(sites.map(({ name }) => name));
  for (const name of scheme.convolutions.keys()) {
    check(known.has(name), 'name', () => ({
      rule: 'a pattern file holds all convolutions of its scheme',
      received: `${name}, which is not among the convolutions to write`,
    }));
  }
  const permutations = new Map<string, Int32Array>();
  const genotypes = scheme.genotypes.some((genotype) => genotype.join() === PLAIN.join())
    ? scheme.genotypes
    : [...scheme.genotypes, PLAIN];
  const plain = genotypes.findIndex((genotype) => genotype.join() === PLAIN.join());
  const entries = sites.map((site) => {
    const choice = scheme.convolutions.get(site.name) ?? new Int32Array(site.channels).fill(plain);
    checkChoiceFits(choice, site);
    const order = keyOrder(choice, genotypes.length, site.name, interleaved);
    if (runsOf(choice).length > new Set(choice).size) permutations.set(site.name, sortedChannels(choice, order));
    const counts = countGenotypes(choice, genotypes.length);
    return `{${order.map((g) => `${JSON.stringify(patternKey(genotypes[g]!))}: ${counts[g]}`).join(', ')}}`;
  });
  return { text: `[${entries.join(',\n ')}]\n`, permutations };
}

function patternKey([dh, dw]: Genotype): string {
  return `(${dh - 1}, ${dw - 1})`;
}

/** Genotypes in the order of their runs, unused ones behind; the scheme's own order where that is possible. */
function keyOrder(choice: Int32Array, genotypes: number, name: string, interleaved: 'refuse' | 'permute'): number[] {
  const listed = Array.from({ length: genotypes }, (_, g) => g);
  const runs = runsOf(choice).map(([g]) => g);
  if (runs.every((g, i) => i === 0 || g > runs[i - 1]!)) return listed;
  if (new Set(runs).size === runs.length) return [...runs, ...listed.filter((g) => !runs.includes(g))];
  if (interleaved === 'permute') return listed;
  throw new NatsError('unsupported', {
    rule: 'a pattern file holds counts, so the channels of a genotype must be contiguous',
    received: `${runs.length} runs of ${new Set(runs).size} genotypes`,
    limit: "'permute' sorts the channels and returns the permutation that weights need",
    where: name,
  });
}

function sortedChannels(choice: Int32Array, order: readonly number[]): Int32Array {
  return Int32Array.from(order.flatMap((g) => [...choice.keys()].filter((c) => choice[c] === g)));
}
