/** sharp as a function. */
export type SharpModule = typeof import('sharp').default;

let loading: Promise<SharpModule> | undefined;

/** sharp, loaded with the first image: its library is large, and what reads no image starts without it. */
export function loadSharp(): Promise<SharpModule> {
  loading ??= import('sharp').then((module) => module.default);
  return loading;
}
