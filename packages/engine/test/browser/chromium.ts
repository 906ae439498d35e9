import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { bundle } from './bundle.js';
import { serve } from './serve.js';

const PATHS = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** WebGPU on SwiftShader, a Vulkan device in software, where there is no GPU. */
const FLAGS = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Where a Chromium is; undefined where there is none. */
export const chromiumPath = PATHS.find((path) => path !== undefined && existsSync(path));

/** Bundles TypeScript as it stands and runs it in headless Chromium. @returns what it wrote to the console, line by line */
export async function runInChromium(code: string): Promise<string[]> {
  const { files, nodeModules } = await bundle(code);
  if (nodeModules.length > 0) throw new Error(`modules of Node: ${nodeModules.join()}`);
  const server = await serve(files, false);
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: FLAGS });
  const lines: string[] = [];
  try {
    const tab = await browser.newPage();
    tab.on('console', (message) => void lines.push(message.text()));
    await tab.goto(server.url);
    await tab.evaluate(`import('/entry.js').then(() => undefined)`);
    return lines;
  } finally {
    await browser.close();
    server.close();
  }
}

/**
 * Bundles a module and calls one of its functions in headless Chromium.
 * @param args as JSON holds them
 * @param isolated from other origins: threads are allowed
 */
export async function callInChromium<T>(
  module: string,
  name: string,
  args: readonly unknown[],
  { isolated = false }: { readonly isolated?: boolean } = {},
): Promise<T> {
  const { files } = await bundle(`export * from ${JSON.stringify(module)};`);
  const server = await serve(files, isolated);
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: FLAGS });
  try {
    const tab = await browser.newPage();
    await tab.goto(server.url);
    return await tab.evaluate<T>(`import('/entry.js').then((module) => module.${name}(...${JSON.stringify(args)}))`);
  } finally {
    await browser.close();
    server.close();
  }
}
