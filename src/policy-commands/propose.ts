import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize, sep } from 'node:path';
import { askedUnder } from '../admission/replay.ts';
import { readPolicySources } from '../allowlists.ts';
import { printable } from '../cli/ledger-line.ts';
import { EXIT, type PolicyProposeOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { writeDurable } from '../disk/durable.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { decide } from '../policy/decide.ts';
import { isPolicyPath, parsePolicy } from '../policy/load.ts';
import { type Policy, PolicyError, type PolicySource } from '../policy/policy.ts';
import { type ObservedFile, type Proposal, propose } from '../policy/propose/propose.ts';
import { proposalText, WRITTEN_BY } from '../policy/propose/propose-text.ts';
import { enforced } from './enforced.ts';
import { openLedgerIfThere } from './ledger.ts';
import { type Observed, readObserved } from './observed.ts';
import { sinceOf } from './since.ts';
import type { Terminal } from './terminal.ts';

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);

/** Where a proposal goes that has no file. */
const UNNAMED = 'proposal.yaml';

/**
 * Writes the allowlist that would have admitted what a profile observed: to the terminal, or to a file of its own
 * below the allowlists folder, which is loaded together with all the others before anything is written. A file that
 * another hand wrote is left alone.
 *
 * Exit code 0: all that was installed would be admitted, or nothing was missing; 1: something is left open for a
 * person; 2: usage; 3: it could not be run.
 */
export async function policyPropose(
  config: Config,
  now: number,
  options: PolicyProposeOptions,
  { print, say }: Terminal,
): Promise<number> {
  const { profile, as } = options;
  const since = sinceOf(options.since, now);
  const path = options.out === undefined ? UNNAMED : pathOf(options.out);
  if (!since || path === null || (as !== 'rules' && as !== 'pins')) {
    if (!since) say('sallyport: --since is a time back, such as 30d or 12h, or a date');
    if (path === null) say('sallyport: --out is a .yaml file below the allowlists folder, and no case');
    if (as !== 'rules' && as !== 'pins') say('sallyport: --as is rules or pins');
    return EXIT.usage;
  }
  if (options.out !== undefined && !(await isOurs(join(config.allowlists, path)))) {
    say(`sallyport: ${printable(path)} was not written by policy propose: give another file`);
    return EXIT.failed;
  }
  const sources = (await readPolicySources(config.allowlists)).filter((one) => one.path !== path);
  const base = parsePolicy(sources, SCHEMES);
  if (!base.profiles.has(profile)) {
    say(`sallyport: --profile is one of ${[...base.profiles.keys()].map(printable).join(', ')}`);
    return EXIT.usage;
  }
  const policy = enforced(base, profile);
  const reader = await openLedgerIfThere(config);
  if (!reader) {
    say('sallyport: there is no ledger yet: nothing was observed');
    return EXIT.failed;
  }
  const observed = await readObserved(reader, policy, profile, since.at).finally(() => reader.close());
  for (const [why, files] of observed.skipped) say(`sallyport: ${files} not looked at: ${why}`);
  const asked = asIfListed(sources, path, policy, profile, observed);
  if (typeof asked === 'string') return notTogether(say, asked);
  const proposal = propose(policy, profile, asked, SCHEMES, as);
  const text = proposalText(proposal, profile, since.words, now, path);
  const left = leftOver(sources, { path, text }, profile, observed);
  if (typeof left === 'string') return notTogether(say, left);
  const nothing = proposal.rules.length + proposal.pins.length + proposal.open.length === 0;
  if (options.json) print(jsonOf(proposal, observed, left, text));
  else if (options.out === undefined && !nothing) print(text.trimEnd());
  if (nothing) {
    say('sallyport: there is nothing to propose: all that was installed in mode observe is admitted');
    return EXIT.ok;
  }
  if (options.out !== undefined) await writeDurable(join(config.allowlists, path), Buffer.from(text), 0o644);
  sayWhat(say, proposal, observed, left);
  return left > 0 ? EXIT.refused : EXIT.ok;
}

function sayWhat(
  say: Terminal['say'],
  { rules, pins, open }: Proposal,
  observed: Observed,
  left: number,
): void {
  say(
    `sallyport: ${rules.length} rules and ${pins.length} pins would admit ${observed.refused.length - left} of ${observed.refused.length} files that the policy lacks`,
  );
  if (left > 0)
    say(`sallyport: ${left} are left open: the comments at the end say what a person has to decide`);
  for (const { change, name, version } of open)
    if (change !== null)
      say(`sallyport: ${name}@${version}: change the rule at ${change.place}; a second one would be a tie`);
}

function notTogether(say: Terminal['say'], why: string): number {
  say(`sallyport: the proposal does not go together with the other files, and was not written: ${why}`);
  return EXIT.failed;
}

/**
 * The files with every reason that stands between them and their admission: of a name that no rule has, nothing else
 * is asked as long as that is so. Or why no rules may be added.
 */
function asIfListed(
  sources: readonly PolicySource[],
  path: string,
  policy: Policy,
  profile: string,
  { refused }: Observed,
): readonly ObservedFile[] | string {
  const isUnlisted = ({ ecosystem, name }: ObservedFile): boolean =>
    policy.profiles.get(profile)?.ecosystems.get(ecosystem)?.allow.best(name) === null;
  const unlisted = new Set(
    refused
      .filter(({ file }) => isUnlisted(file))
      .map(({ file }) => `  - ${file.ecosystem}: ${JSON.stringify(file.name)}`),
  );
  if (unlisted.size === 0) return refused.map(({ file }) => file);
  const text = `profile: ${JSON.stringify(profile)}\nallow:\n${[...unlisted].join('\n')}\n`;
  const listed = loaded(sources, { path, text }, profile);
  if (typeof listed === 'string') return listed;
  return refused.map(({ file, question }) => {
    if (!isUnlisted(file)) return file;
    const more = decide(listed, profile, askedUnder(listed, profile, question)).reasons;
    const known = new Set(file.reasons.map(({ code }) => code));
    return { ...file, reasons: [...file.reasons, ...more.filter(({ code }) => !known.has(code))] };
  });
}

/** All files together, with the profile in mode enforce; or why they do not load. */
function loaded(sources: readonly PolicySource[], more: PolicySource, profile: string): Policy | string {
  try {
    return enforced(parsePolicy([...sources, more], SCHEMES), profile);
  } catch (error) {
    if (error instanceof PolicyError) return printable(error.message);
    throw error;
  }
}

/** How many files would still be refused with the proposal in force; or why it does not load. */
function leftOver(
  sources: readonly PolicySource[],
  proposal: PolicySource,
  profile: string,
  { refused }: Observed,
): number | string {
  const policy = loaded(sources, proposal, profile);
  if (typeof policy === 'string') return policy;
  return refused.filter(
    ({ question }) => decide(policy, profile, askedUnder(policy, profile, question)).verdict !== 'allow',
  ).length;
}

function jsonOf(
  proposal: Proposal,
  { installs, refused, skipped }: Observed,
  left: number,
  text: string,
): string {
  return JSON.stringify({
    rules: proposal.rules.map((rule) => ({ ...rule, exceptions: Object.fromEntries(rule.exceptions) })),
    pins: proposal.pins,
    open: proposal.open.map((one) => ({ ...one, change: one.change?.place ?? null })),
    installs,
    lacking: refused.length,
    left,
    skipped: Object.fromEntries(skipped),
    text,
  });
}

/** A policy file below the folder; null where it lies elsewhere, or is none. */
function pathOf(out: string): string | null {
  const path = normalize(out).split(sep).join('/');
  return isAbsolute(out) || path.startsWith('..') || !isPolicyPath(path) ? null : path;
}

/** Whether a file may be replaced: it is not there, or an earlier proposal. */
async function isOurs(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null || text.startsWith(WRITTEN_BY);
}
