import { loadPolicy } from '../allowlists.ts';
import { type LockedChecked, type LockfileSummary, lockfileLines } from '../cli/lockfile-lines.ts';
import { type CheckOptions, EXIT } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { type LockedPackage, type LockfileNote, LockfileUnreadable } from '../ecosystems/lockfile.ts';
import { type ReasonCode, wordsOf } from '../model/reason-codes.ts';
import { decide } from '../policy/decide.ts';
import type { Terminal } from '../policy-commands/terminal.ts';
import { decidePackage, refused, type Verdict } from './decide-locked.ts';
import { eachOf } from './each-of.ts';
import { type GivenLockfile, readLockfiles } from './files.ts';
import { AT_ONCE, type LockHouse, openLockHouse } from './house.ts';
import { type MergedPackage, merged } from './merged.ts';
import { notesOf } from './notes.ts';
import { Origins } from './origins.ts';
import { isInternal } from './profile-names.ts';

/**
 * Whether every package of each lockfile would be admitted: names first, without any contact with an upstream, then
 * by the indexes of those that the policy admits. Nothing is written.
 */
export async function checkLockfiles(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  files: readonly string[],
  options: Pick<CheckOptions, 'profile' | 'json'>,
  { print, say }: Terminal,
): Promise<number> {
  let given: GivenLockfile[];
  try {
    given = await readLockfiles(files);
  } catch (error) {
    if (!(error instanceof LockfileUnreadable)) throw error;
    for (const line of lockfileLines.fault(error.message)) say(line);
    return EXIT.failed;
  }
  const policy = await loadPolicy(config.allowlists);
  if (!policy.profiles.has(options.profile)) {
    say(`sallyport: --profile is one of ${[...policy.profiles.keys()].join(', ')}`);
    return EXIT.usage;
  }
  const house = await openLockHouse(config, env, version, policy, say);
  let failed = false;
  try {
    for (const one of given) {
      const checked = await checkOne(house, options.profile, one);
      const notes = notesOf(one.lockfile);
      const summary = summaryOf(one, checked, notes);
      // What a reader left out was not decided on, and a client may ask for it.
      failed ||= summary.refused > 0 || summary.undecided > 0;
      if (options.json) for (const line of checked) print(JSON.stringify(line));
      else for (const line of checked.flatMap(lockfileLines.package)) print(line);
      if (options.json) print(JSON.stringify(summary));
      else print(lockfileLines.summary(summary));
      for (const { line, what } of notes) if (!options.json) say(lockfileLines.note(line, what));
    }
  } finally {
    await house.close();
  }
  if (!options.json) say(lockfileLines.limits);
  return failed ? EXIT.refused : EXIT.ok;
}

const SOURCES = {
  git: 'comes from a git repository: no registry serves it [NOT_FROM_REGISTRY]',
  url: 'comes from an address of its own: no registry serves it [NOT_FROM_REGISTRY]',
  file: 'comes from a file beside the project: no registry serves it [NOT_FROM_REGISTRY]',
} as const;

async function checkOne(house: LockHouse, profile: string, given: GivenLockfile): Promise<LockedChecked[]> {
  const all = merged([given]);
  const verdicts = new Map<MergedPackage, Verdict>();
  const byName = new Map<string, MergedPackage[]>();
  for (const one of all) {
    const { locked } = one;
    const early = byNameAlone(house, profile, one);
    if (early) verdicts.set(one, early);
    else {
      const before = byName.get(locked.name);
      if (before) before.push(one);
      else byName.set(locked.name, [one]);
    }
  }
  const origins = new Origins(house);
  await eachOf([...byName.values()], AT_ONCE, async (versions) => {
    const decided = await decidePackage(house, profile, origins, versions);
    for (const [i, one] of versions.entries()) {
      const verdict = decided[i];
      if (verdict) verdicts.set(one, verdict);
    }
  });
  return all.map((one): LockedChecked => {
    const { ecosystem, name, version, line } = one.locked;
    // One that was forgotten would be a fault of ours: it stays a refusal.
    const verdict = verdicts.get(one) ?? refused(['INTERNAL'], [wordsOf('INTERNAL')]);
    return { ecosystem, package: name, version, line, ...verdict };
  });
}

/** What is refused, or passed over, before any index is asked for; null: the name is admitted. */
function byNameAlone(house: LockHouse, profile: string, { locked }: MergedPackage): Verdict | null {
  const { ecosystem, name, source } = locked;
  if (source !== 'registry') return refused(['NOT_FROM_REGISTRY'], [SOURCES[source]]);
  const { verdict, reasons } = decide(house.policy, profile, {
    stage: 'name',
    ecosystem,
    name,
    now: house.now(),
  });
  if (verdict === 'allow') return null;
  const codes = reasons.map(({ code }) => code);
  return refused(
    codes,
    reasons.map(({ code }) => `${wordsOf(code)} [${code}]`),
    reasons.find(({ place }) => place !== null)?.place ?? null,
    wouldAdmit(house, locked, codes),
  );
}

/** What would admit a name that is refused by itself: what is denied, or internal, no rule admits. */
function wouldAdmit(
  { policy }: LockHouse,
  locked: LockedPackage,
  codes: readonly ReasonCode[],
): Verdict['instead'] {
  if (isInternal(policy, locked)) return 'none';
  if (codes.every((code) => code === 'NOT_ALLOWLISTED')) return 'rule';
  return codes.every((code) => code === 'NOT_PINNED') ? 'pin' : 'none';
}

function summaryOf(
  { filename, lockfile }: GivenLockfile,
  checked: readonly LockedChecked[],
  notes: readonly LockfileNote[],
): LockfileSummary {
  const refusedOnes = checked.filter(({ verdict }) => verdict === 'refuse').length;
  return {
    lockfile: filename,
    format: lockfile.format,
    packages: checked.length,
    admitted: checked.length - refusedOnes,
    refused: refusedOnes,
    undecided: notes.filter(({ harmless }) => harmless !== true).length,
    notes,
  };
}
