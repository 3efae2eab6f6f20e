import { sha256 } from '../model/digest.ts';
import type { VersionScheme } from '../model/versions.ts';
import { compileProfile, type PolicyFile, type Report } from './compile.ts';
import { type Policy, PolicyError, type PolicyProblem, type PolicySource } from './policy.ts';
import { shapeProblems } from './problems.ts';
import type { Profile } from './profile.ts';
import { policySchema } from './schema.ts';
import { readYaml } from './yaml.ts';

export type { Policy } from './policy.ts';

/** Whether a path below the allowlists folder is a policy file; those under `cases/` are not. */
export function isPolicyPath(path: string): boolean {
  return /\.ya?ml$/i.test(path) && !path.startsWith('cases/');
}

/**
 * Reads a whole policy, or throws PolicyError with every problem that was found: a policy is complete and
 * valid, or there is none. The order of `sources` does not matter.
 */
export function parsePolicy(sources: readonly PolicySource[], schemes: readonly VersionScheme[]): Policy {
  const problems: PolicyProblem[] = [];
  const sorted = [...sources].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  if (sorted.length === 0) {
    problems.push({ path: '.', line: 1, column: 1, message: 'there is no policy file' });
  }
  const schema = policySchema(schemes.map((scheme) => scheme.ecosystem));
  const byProfile = new Map<string, PolicyFile[]>();
  let previous: string | undefined;
  for (const source of sorted) {
    if (source.path === previous) {
      problems.push({ path: source.path, line: 1, column: 1, message: 'the same file was given twice' });
    }
    previous = source.path;
    const file = readPolicyFile(source, schema, problems);
    if (!file) continue;
    const files = byProfile.get(file.input.profile);
    if (files) files.push(file);
    else byProfile.set(file.input.profile, [file]);
  }
  const report: Report = (file, position, message) =>
    problems.push({ path: file.path, ...position, message });
  const profiles = new Map<string, Profile>();
  for (const [name, files] of byProfile) profiles.set(name, compileProfile(name, files, schemes, report));
  if (problems.length > 0) throw new PolicyError(problems.sort(byPlace));
  return {
    digest: sha256(JSON.stringify(sorted.map(({ path, text }) => [path, text]))),
    profiles,
    upstreams: new Map(),
    sources: sorted,
  };
}

function readPolicyFile(
  source: PolicySource,
  schema: ReturnType<typeof policySchema>,
  problems: PolicyProblem[],
): PolicyFile | null {
  const file = readYaml(source);
  if ('problems' in file) {
    problems.push(...file.problems);
    return null;
  }
  const parsed = schema.safeParse(file.data);
  if (parsed.success) return { ...file, input: parsed.data };
  problems.push(...shapeProblems(file, parsed.error.issues));
  return null;
}

function byPlace(a: PolicyProblem, b: PolicyProblem): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
