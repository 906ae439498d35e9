/** The user stopped the work; the message says how to go on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
