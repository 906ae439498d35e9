/** Drivers that compute on the CPU what a GPU would. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bcpu\b/i;

/** Whether an adapter of this name is no GPU: for tests, and slower than an engine for the CPU. */
export function isSoftwareAdapter(name: string): boolean {
  return SOFTWARE.test(name);
}
