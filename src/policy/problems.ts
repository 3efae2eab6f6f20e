import type { z } from 'zod';
import type { PolicyProblem } from './policy.ts';
import type { YamlFile } from './yaml.ts';

type Issue = z.core.$ZodIssue;

/** What is wrong with the shape of a file, each where it stands: an unknown key at the key, the rest at its value. */
export function shapeProblems(file: YamlFile, issues: readonly Issue[]): PolicyProblem[] {
  return issues.flatMap(narrowed).flatMap((issue): PolicyProblem[] => {
    const { path } = file;
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split('\n');
      return issue.keys.map((key, i) => ({
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
