import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';

/** As Hugging Face's and TensorFlow.js's tools name what they write into a folder; what comes first counts. */
const NAMES = [
  'model.safetensors.index.json',
  'model.safetensors',
  'pytorch_model.bin.index.json',
  'pytorch_model.bin',
  'model.json',
] as const;

/**
 * The weights in the folder of a model, as `save_pretrained` and downloads of a whole repository leave it.
 * @returns nothing for a path that is no folder, or a folder without one of the usual names
 * @throws NatsError `unsupported` for the checkpoint of many processes that torch.distributed writes
 */
export function weightsInFolder(path: string): string | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const found = NAMES.find((name) => existsSync(join(path, name)));
  if (found !== undefined) return join(path, found);
  if (!readdirSync(path).some((name) => name.endsWith('.distcp'))) return undefined;
  throw new NatsError('unsupported', {
    rule: 'weights are in one file, or in several with an index',
    received: 'a checkpoint of torch.distributed (.distcp)',
    limit: 'join it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE.pth',
    where: path,
  });
}
