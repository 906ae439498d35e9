/** A reader of files that people have, and files that it reads. */
export interface FuzzedReader {
  readonly name: string;
  /** Prepares a folder of its own. @returns files that inputs are made of */
  corpus(folder: string): Promise<readonly Uint8Array[]>;
  /** @param number of the input: readers with several ways of reading choose by it */
  read(input: Uint8Array, folder: string, number: number): Promise<unknown>;
}

/** The bytes of a text, or of a value as JSON. */
export const text = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
