import { create } from '@bufbuild/protobuf';
import { allocate, BYTES_PER_ELEMENT, type DType, sizeOf, type TensorData, tensorData } from '@nats/graph';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

/** ONNX element types of the dtypes of programs. */
export const ONNX_TYPE: Readonly<Record<DType, number>> = {
  float32: TensorProto_DataType.FLOAT,
  int32: TensorProto_DataType.INT32,
  bool: TensorProto_DataType.BOOL,
  uint8: TensorProto_DataType.UINT8,
};

/** Numbers of further element types (onnx.proto, TensorProto.DataType), for Cast. */
export const ONNX_DATA_TYPE = { float32: 1, int64: 7, float64: 11 } as const;

/** An attribute of an ONNX node: whole numbers become INT, others need `{ float }`. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Collects the nodes and initializers of an ONNX graph. */
export interface OnnxBuilder {
  /**
   * Adds a node and returns the names of its outputs: `outputs`, or one fresh name.
   * @param domain default '' is ONNX itself.
   */
  node(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
    outputs?: readonly string[],
    domain?: string,
  ): string;
  /** The name of an initializer with these values; equal small ones are shared. */
  constant(value: TensorData, name?: string): string;
  /** The name of an int64 initializer: axes, shapes, starts. */
  int64(values: readonly number[], shape?: readonly number[]): string;
  /** The name of a float32 scalar, or vector, initializer. */
  float(values: number | readonly number[]): string;
  /** A name that no other value has. */
  fresh(hint: string): string;
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  readonly domains: Set<string>;
}

/** A builder of an empty graph. */
export function createOnnxBuilder(): OnnxBuilder {
  const used = new Map<string, number>();
  const shared = new Map<string, string>();
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const domains = new Set<string>();

  const fresh = (hint: string): string => {
    const count = used.get(hint) ?? 0;
    used.set(hint, count + 1);
    return count === 0 ? hint : fresh(`${hint}_${count}`);
  };
  const share = (key: string, make: () => TensorProto): string => {
    const known = shared.get(key);
    if (known !== undefined) return known;
    const proto = make();
    initializers.push(proto);
    shared.set(key, proto.name);
    return proto.name;
  };
  const builder: OnnxBuilder = {
    nodes,
    initializers,
    domains,
    fresh,
    node: (type, inputs, attributes = {}, outputs = [fresh(type)], domain = '') => {
      domains.add(domain);
      const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
      const name = fresh(`node/${outputs[0]}`);
      nodes.push(
        create(NodeProtoSchema, { opType: type, name, domain, input: [...inputs], output: [...outputs], attribute }),
      );
      return outputs[0]!;
    },
    constant: (value, name) => {
      const make = () => tensorProto(name ?? fresh('constant'), value);
      if (name !== undefined || value.data.length > 64) {
        const proto = make();
        initializers.push(proto);
        return proto.name;
      }
      return share(
        `${value.dtype}[${value.shape}]${Array.from(value.data, (x) => (Object.is(x, -0) ? '-0' : x))}`,
        make,
      );
    },
    int64: (values, shape = [values.length]) =>
      share(`int64[${shape}]${values.join()}`, () =>
        create(TensorProtoSchema, {
          name: fresh('constant'),
          dataType: TensorProto_DataType.INT64,
          dims: shape.map(BigInt),
          rawData: new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer),
        }),
      ),
    float: (values) => {
      const list = typeof values === 'number' ? [values] : values;
      const shape = typeof values === 'number' ? [] : [list.length];
      return builder.constant({ dtype: 'float32', shape, data: Float32Array.from(list) });
    },
  };
  return builder;
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'string') {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  }
  if ('float' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  }
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
}

/** Little-endian bytes, as ONNX stores them; values in other memory (float64 of the reference) are converted. */
function tensorProto(name: string, { dtype, shape, data }: TensorData): TensorProto {
  const exact = data.constructor === allocate(dtype, 0).constructor ? data : tensorData(dtype, shape, data).data;
  const rawData = new Uint8Array(BYTES_PER_ELEMENT[dtype] * sizeOf(shape));
  rawData.set(new Uint8Array(exact.buffer, exact.byteOffset, rawData.length));
  return create(TensorProtoSchema, { name, dataType: ONNX_TYPE[dtype], dims: shape.map(BigInt), rawData });
}

/** What a graph's input or output is: dimensions that only a run knows have names. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

export function valueInfo(name: string, { dtype, shape }: ValueType): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: { elemType: ONNX_TYPE[dtype], shape: { dim: shapeDimensions(shape) } },
      },
    },
  });
}

/** A sequence of float32 tensors. */
export function sequenceInfo(name: string): ValueInfoProto {
  const element = { value: { case: 'tensorType' as const, value: { elemType: ONNX_TYPE.float32 } } };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'sequenceType', value: { elemType: element } } },
  });
}

function shapeDimensions(shape: ValueType['shape']) {
  return shape.map((dimension) =>
    typeof dimension === 'string'
      ? { value: { case: 'dimParam' as const, value: dimension } }
      : { value: { case: 'dimValue' as const, value: BigInt(dimension) } },
  );
}
