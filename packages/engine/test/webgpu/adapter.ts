import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const FOLDERS = [
  ...(process.env.CHROMIUM_PATH === undefined ? [] : [dirname(process.env.CHROMIUM_PATH)]),
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
];

/**
 * The environment in which onnxruntime-node finds a WebGPU adapter: SwiftShader, a Vulkan device in software that
 * Chromium brings with it, or the machine's own GPU if NATS_TEST_ADAPTER=own. Undefined where there is neither.
 */
export function adapterEnvironment(): NodeJS.ProcessEnv | undefined {
  if (process.env.NATS_TEST_ADAPTER === 'own') return process.env;
  const folder = FOLDERS.find((path) => existsSync(join(path, 'vk_swiftshader_icd.json')));
  if (folder === undefined) return undefined;
  return {
    ...process.env,
    VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir(),
    // Chromium's own Vulkan loader, for machines without one.
    LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
  };
}
