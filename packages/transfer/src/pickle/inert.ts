/**
 * Python names that training checkpoints carry beside their weights (options, devices, numpy scalars). They become
 * inert placeholders: nothing is constructed, and what they were given is dropped.
 */
const INERT_GLOBALS: ReadonlySet<string> = new Set([
  'argparse.Namespace',
  // As arguments (`defaultdict(list)`, `partial(int, 2)`) and as values; none of these runs anything here.
  ...['builtins', '__builtin__'].flatMap((module) =>
    [
      ...['bool', 'bytearray', 'bytes', 'complex', 'dict', 'float', 'frozenset', 'int', 'list', 'long', 'object'],
      ...['range', 'set', 'slice', 'str', 'tuple', 'type', 'unicode', 'xrange'],
    ].map((name) => `${module}.${name}`),
  ),
  'collections.Counter',
  'collections.deque',
  'copy_reg._reconstructor',
  'copyreg._reconstructor',
  'datetime.date',
  'datetime.datetime',
  'datetime.time',
  'datetime.timedelta',
  'datetime.timezone',
  'decimal.Decimal',
  'fractions.Fraction',
  'functools.partial',
  'pathlib.Path',
  'pathlib.PosixPath',
  'pathlib.PurePath',
  'pathlib.PurePosixPath',
  'pathlib.PureWindowsPath',
  'pathlib.WindowsPath',
  'pathlib._local.Path',
  'pathlib._local.PosixPath',
  'pathlib._local.PurePosixPath',
  'pathlib._local.WindowsPath',
  'torch.Generator',
  'torch.device',
  'torch.strided',
  'torch.per_tensor_affine',
  'torch.serialization._get_layout',
  'types.SimpleNamespace',
  'uuid.UUID',
  'zoneinfo.ZoneInfo',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
]);

/**
 * Packages whose objects lie beside weights: configs (yacs' CfgNode, mmengine's ConfigDict, omegaconf's DictConfig),
 * histories (mmengine's HistoryBuffer), optimizers, schedulers, seeds, callbacks. Every name in them is taken as a
 * placeholder, since weights are never made by them.
 */
const INERT_PACKAGES: readonly string[] = [
  ...['accelerate', 'addict', 'detectron2', 'easydict', 'fvcore', 'hydra', 'iopath', 'lightning', 'lightning_fabric'],
  ...['lightning_utilities', 'ml_collections', 'mmcls', 'mmcv', 'mmdet', 'mmengine', 'mmpretrain', 'mmrotate', 'mmseg'],
  ...['mmselfsup', 'numpy.random', 'omegaconf', 'pytorch_lightning', 'timm.data', 'timm.scheduler', 'timm.utils'],
  ...['torch.cuda.amp', 'torch.amp', 'torch.optim', 'torch.utils.data', 'torchmetrics', 'transformers', 'yacs'],
];

/** True for a Python name (`module.name`) that becomes a placeholder wherever it stands. */
export function isInertGlobal(name: string): boolean {
  return INERT_GLOBALS.has(name) || INERT_PACKAGES.some((root) => name.startsWith(`${root}.`));
}
