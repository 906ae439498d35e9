import { ends, type Node, type Program, type Tensor } from '@nats/graph';

export interface Users {
  /** Nodes that read a tensor, once each. */
  of(tensor: Tensor): readonly Node[];
  /** Is it an output of the program, or a variable's new value? */
  isEnd(tensor: Tensor): boolean;
}

export function usersOf(program: Program): Users {
  const users = new Map<Tensor, Node[]>();
  for (const node of program.nodes) {
    for (const x of new Set(node.inputs)) {
      const list = users.get(x);
      if (list) list.push(node);
      else users.set(x, [node]);
    }
  }
  const outputs = new Set(ends(program));
  return { of: (tensor) => users.get(tensor) ?? [], isEnd: (tensor) => outputs.has(tensor) };
}
