import { readCaseSources, readPolicySources } from '../allowlists.ts';
import { lintLines, lintSum } from '../cli/lint-lines.ts';
import { EXIT, type PolicyOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { lint, unloadable } from '../policy/lint/lint.ts';
import type { LocatedFinding } from '../policy/lint/lint-known.ts';
import { parsePolicy } from '../policy/load.ts';
import { PolicyError } from '../policy/policy.ts';
import { gatherKnown } from './known.ts';
import type { Terminal } from './terminal.ts';

/**
 * What in the allowlists is wrong, idle or wider than it looks, by their text and by what the ledger and the vault
 * know of the packages that they name. No network.
 *
 * Exit code 0: nothing worse than a warning; 1: an error; 3: it could not be run.
 */
export async function policyLint(
  config: Config,
  now: number,
  options: PolicyOptions,
  { print, say }: Terminal,
): Promise<number> {
  const findings = await findingsOf(config, now);
  if (options.json) for (const finding of findings) print(JSON.stringify(finding));
  else for (const line of lintLines(findings)) print(line);
  say(lintSum(findings));
  return findings.some(({ level }) => level === 'error') ? EXIT.refused : EXIT.ok;
}

async function findingsOf(config: Config, now: number): Promise<LocatedFinding[]> {
  const schemes = ECOSYSTEMS.map((one) => one.versions);
  try {
    const policy = parsePolicy(await readPolicySources(config.allowlists), schemes);
    const cases = await readCaseSources(config.allowlists);
    const known = await gatherKnown(config, policy);
    return lint({ policy, schemes, cases, known, now });
  } catch (error) {
    if (error instanceof PolicyError) return unloadable(error);
    throw error;
  }
}
