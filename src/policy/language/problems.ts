import type { z } from 'zod';
import type { PolicyProblem } from '../policy.ts';
import { MAX_KEYS } from './schema-parts.ts';
import type { YamlFile } from './yaml.ts';

type Issue = z.core.$ZodIssue;

/** Beyond this many problems of a policy the rest says nothing new. */
const MAX_PROBLEMS = 1000;

/** The problems of a policy, each once. */
export class Problems {
  readonly #found = new Map<string, PolicyProblem>();
  #more = false;

  get size(): number {
    return this.#found.size;
  }

  add(problem: PolicyProblem): void {
    const { path, line, column, message } = problem;
    if (this.#found.size < MAX_PROBLEMS) this.#found.set(`${path}:${line}:${column}:${message}`, problem);
    else this.#more = true;
  }

  addAll(problems: Iterable<PolicyProblem>): void {
    for (const problem of problems) this.add(problem);
  }

  /** By place. */
  sorted(): PolicyProblem[] {
    const sorted = [...this.#found.values()].sort(byPlace);
    const last = sorted.at(-1);
    if (last && this.#more)
      sorted[sorted.length - 1] = { ...last, message: `${last.message} (and there are more problems)` };
    return sorted;
  }
}

function byPlace(a: PolicyProblem, b: PolicyProblem): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** What is wrong with the shape of a file, each where it stands: an unknown key at the key, the rest at its value. */
export function shapeProblems(file: YamlFile, issues: readonly Issue[]): PolicyProblem[] {
  return issues
    .slice(0, MAX_PROBLEMS + 1)
    .flatMap(narrowed)
    .flatMap((issue): PolicyProblem[] => {
      const { path } = file;
      if (issue.code === 'unrecognized_keys') {
        const messages = issue.message.split('\n');
        return issue.keys.slice(0, MAX_KEYS).map((key, i) => ({
          path,
          ...file.atKey(issue.path, key),
          message: messages[i] ?? 'unknown key',
        }));
      }
      const missing = issue.path.length === 1 && issue.path[0] === 'profile' && issue.input === undefined;
      const where = issue.path.length === 0 ? '' : `${issue.path.join('.')} `;
      const message = missing ? 'profile is missing: say whose rules these are' : `${where}${issue.message}`;
      return [{ path, ...file.at(issue.path), message }];
    });
}

/** What zod says where a union has no words of its own. */
const NO_WORDS = 'Invalid input';

/**
 * Of a value that may be a word or a map: the problems of the form that it has. One that has neither form is told
 * about the first.
 */
function narrowed(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.message !== NO_WORDS) return [issue];
  const form = issue.errors.find((issues) => !issues.some(isAnotherForm)) ?? issue.errors[0] ?? [];
  return form.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(narrowed);
}

function isAnotherForm({ code, path }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}
