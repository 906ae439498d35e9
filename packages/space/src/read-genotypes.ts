import { type Genotype, MAX_GENOTYPES } from './genotypes.js';
import type { Reader } from './reader.js';

/** The genotypes of a file, `[[1, 1], …]`. @throws NatsError `malformed` naming the file and the field */
export function readGenotypes(list: Reader): Genotype[] {
  return list.list(MAX_GENOTYPES).map((genotype): Genotype => {
    const [dh, dw] = genotype.tuple(2);
    return [dh!.integer(), dw!.integer()];
  });
}
