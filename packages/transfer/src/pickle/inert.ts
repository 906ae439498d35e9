/**
 * Python names that training checkpoints carry beside their weights (options, devices, numpy scalars). They become
 * inert placeholders: nothing is constructed, and what they were given is dropped.
 */
export const INERT_GLOBALS: ReadonlySet<string> = new Set([
  'argparse.Namespace',
  'builtins.set',
  'builtins.frozenset',
  'builtins.complex',
  '__builtin__.set',
  '__builtin__.frozenset',
  '__builtin__.complex',
  'collections.defaultdict',
  'collections.Counter',
  'collections.deque',
  'datetime.datetime',
  'datetime.timedelta',
  'pathlib.Path',
  'pathlib.PosixPath',
  'pathlib.PurePosixPath',
  'pathlib.WindowsPath',
  'torch.device',
  'torch.strided',
  'torch.per_tensor_affine',
  'torch.serialization._get_layout',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
]);
