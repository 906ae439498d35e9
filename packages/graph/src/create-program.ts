import { check } from './errors.js';
import { eliminateCommonSubexpressions } from './passes/common-subexpressions.js';
import { foldConstants } from './passes/constants.js';
import { simplify } from './passes/simplify.js';
import { assemble, type Program } from './program.js';
import { formatType, type Tensor } from './tensor.js';

/** What a program is made of. */
export interface ProgramParts {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** All updates read the state as it was before the run. */
  readonly updates?: ReadonlyMap<string, Tensor>;
}

/**
 * Makes a program of the nodes that its outputs and updates need: constants folded, trivial ops dropped, common
 * subexpressions merged.
 * @throws NatsError `name` if two inputs, or two declarations of a variable, contradict each other, or if an input, a
 * variable and an output share a name; `shape` if an update does not have its variable's type
 */
export function createProgram({ outputs, updates = new Map() }: ProgramParts): Program {
  const program = assemble(new Map(Object.entries(outputs)), updates);
  checkNames(program);
  checkUpdates(program);
  return eliminateCommonSubexpressions(simplify(foldConstants(eliminateCommonSubexpressions(program))));
}

function checkNames({ inputs, variables, outputs }: Program): void {
  const owners = new Map<string, string>();
  for (const [owner, names] of Object.entries({ inputs, variables, outputs })) {
    for (const name of names.keys()) {
      const other = owners.get(name);
      check(other === undefined, 'name', () => ({
        rule: "a program's inputs, variables and outputs have different names",
        received: `'${name}' among its ${other} and its ${owner}`,
      }));
      owners.set(name, owner);
    }
  }
}

function checkUpdates({ variables, updates }: Program): void {
  for (const [name, value] of updates) {
    const variable = variables.get(name);
    check(variable === undefined || formatType(variable) === formatType(value), 'shape', () => ({
      rule: "a variable's new value has its type",
      received: formatType(value),
      limit: formatType(variable!),
      where: name,
    }));
  }
}
