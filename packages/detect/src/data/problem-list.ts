import type { Box } from './box.js';
import { FieldError, shown } from './fields.js';
import { checkedBox, type DataProblem, type ProblemKind } from './problems.js';

type Where = Pick<DataProblem, 'file' | 'field'> & { readonly image?: string };
type Size = { readonly width: number; readonly height: number };

/** Collects what a reader finds wrong. */
export interface ProblemList {
  readonly problems: readonly DataProblem[];
  add(problem: DataProblem): void;
  /** Before all others. */
  first(problem: DataProblem): void;
  /** The box cut to its image, or nothing; what is wrong with it is listed. @param where asked only then */
  box(box: Box, size: Size, where: () => Where): Box | undefined;
  /**
   * What `read` gives, or nothing if a field is wrong; that is listed.
   * @param parent path of what fields are named from, asked only then: files have millions of annotations
   */
  attempt<T>(
    where: Omit<Where, 'field'>,
    remedy: DataProblem['remedy'],
    read: () => T,
    parent?: () => string,
  ): T | undefined;
}

export function createProblemList(): ProblemList {
  const problems: DataProblem[] = [];
  return {
    problems,
    add: (problem) => problems.push(problem),
    first: (problem) => problems.unshift(problem),
    box: (box, size, where) => {
      const checked = checkedBox(box, size);
      if (checked.problem) problems.push({ ...where(), ...checked.problem });
      return checked.box;
    },
    attempt: (where, remedy, read, parent) => {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof FieldError)) throw error;
        const kind: ProblemKind = error instanceof AnnotationError ? error.kind : 'field';
        const field = [parent?.() ?? '', error.field].filter((name) => name !== '').join('.');
        problems.push({ kind, ...where, field, rule: error.rule, received: shown(error.value), remedy });
        return undefined;
      }
    },
  };
}

/** A wrong field that is not missing: a duplicate, or a reference to nothing. */
export class AnnotationError extends FieldError {
  constructor(
    readonly kind: ProblemKind,
    field: string,
    rule: string,
    value: unknown,
  ) {
    super(field, rule, value);
  }
}
