/**
 * Element types for which onnxruntime's CUDA provider has kernels of opset 17, of the ops that programs are written in. Read
 * from onnxruntime's docs/OperatorKernels.md (generated from its registered kernels) at commit 001d12d2; types that programs
 * do not have are left out. What is missing has no kernel there: Atan. NonMaxSuppression is registered in
 * cuda_execution_provider.cc, but the document does not list it.
 */
export const CUDA_KERNELS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    'bool float16 float32 float64 int32 int64 uint8': [
      ...['Cast', 'Concat', 'ConstantOfShape', 'Expand', 'Flatten', 'Gather', 'GatherElements', 'Identity', 'Reshape'],
      ...['ScatterElements', 'ScatterND', 'Shape', 'Size', 'Slice', 'Split', 'Squeeze', 'Transpose', 'Unsqueeze'],
    ],
    'float16 float32 float64 int32 int64 uint8': ['Abs', 'Add', 'Div', 'Mul', 'Sign', 'Sub', 'Where'],
    'float16 float32 float64': [
      ...['ArgMax', 'AveragePool', 'Ceil', 'Conv', 'ConvTranspose', 'Exp', 'Floor', 'Gemm', 'GlobalAveragePool'],
      ...['HardSigmoid', 'IsNaN', 'LeakyRelu', 'Log', 'LogSoftmax', 'MatMul', 'Reciprocal', 'Relu', 'Round', 'Sigmoid'],
      ...['Softmax', 'Softplus', 'Sqrt', 'Sum', 'Tanh'],
    ],
    'float16 float32 float64 int32 int64': [
      ...['CumSum', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Max', 'Min', 'Mod', 'Neg', 'Pow'],
      ...['ReduceMax', 'ReduceSum', 'Tile', 'TopK'],
    ],
    'bool float16 float32 float64 int32 int64': ['Equal'],
    'bool float16 float32 float64 int64': ['GatherND'],
    'bool float16 float32 float64': ['Pad'],
    'bool float16 float32 int32 int64 uint8': ['NonZero'],
    'float16 float32 float64 uint8': ['MaxPool'],
    'float16 float32 float64 int32': ['ReduceMean'],
    'float16 float32 float64 int32 uint8': ['ReduceMin', 'Resize'],
    'float16 float32 float64 int64 uint8': ['Clip'],
    'float16 float32 int64': ['OneHot'],
    'float32 float64 int32 int64': ['Range'],
    'float32 float64': ['IsInf', 'RoiAlign'],
    bool: ['And', 'Not', 'Or', 'Xor'],
  }).flatMap(([types, ops]) => ops.map((op) => [op, types.split(' ')])),
);

/** Which input has the type that counts, where it is not the first. */
export const TYPED_BY: Readonly<Record<string, number>> = { OneHot: 2, Where: 1 };
