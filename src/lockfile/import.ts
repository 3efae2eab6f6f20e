import { readFile } from 'node:fs/promises';
import { readPolicySources } from '../allowlists.ts';
import { type ImportReport, importLines } from '../cli/import-lines.ts';
import { EXIT, type ImportOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { writeDurable } from '../disk/durable.ts';
import { isMissing } from '../disk/missing.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { LockfileUnreadable } from '../ecosystems/lockfile.ts';
import { parsePolicy } from '../policy/load.ts';
import { type Policy, PolicyError, type PolicySource } from '../policy/policy.ts';
import type { Terminal } from '../policy-commands/terminal.ts';
import { changesOf } from './changes.ts';
import { type Collected, collect } from './collect.ts';
import { type GivenLockfile, readLockfiles } from './files.ts';
import { openLockHouse } from './house.ts';
import { type Flag, subjectOf, type WrittenPin } from './pinned.ts';
import { placeFor } from './place.ts';
import { digestsOf, isInTheWay, NOTHING_BEFORE, NotOurs, type Previous, readPrevious } from './previous.ts';
import { unapproved } from './profile-names.ts';
import { exactRules, rulesFor } from './rules.ts';
import { NOTHING_DECIDED, type WouldBe, wouldBe } from './would-be.ts';
import { fileText, type KeptWaiver, keyOf } from './written.ts';

/** Reviewed in a repository, and read by whoever runs the firewall. */
const MODE = 0o644;

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);
const IDS = ECOSYSTEMS.map(({ id }) => id);

/**
 * Writes what lockfiles lock as a file of the allowlists. Nothing is written that the allowlists would not load with,
 * over what another hand wrote, or outside of their folder. Refused (1): something could not be pinned, or has to be
 * looked at; what can be pinned is written all the same.
 */
export async function importLockfiles(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  files: readonly string[],
  options: ImportOptions,
  terminal: Terminal,
): Promise<number> {
  const { say } = terminal;
  const form = options.as;
  if (form !== 'pins' && form !== 'rules') {
    say('sallyport: --as is pins or rules');
    return EXIT.usage;
  }
  let given: GivenLockfile[];
  try {
    given = await readLockfiles(files);
  } catch (error) {
    if (!(error instanceof LockfileUnreadable)) throw error;
    for (const line of importLines.fault(error.message)) say(line);
    return EXIT.failed;
  }
  const [first] = given;
  if (!first) return EXIT.usage;
  const place = await placeFor(config.allowlists, options.out, first, options.profile);
  if ('problem' in place) {
    say(`sallyport: ${place.problem}`);
    return EXIT.usage;
  }
  const sources = await readPolicySources(config.allowlists);
  const others = sources.filter(({ path }) => path !== place.path);
  const previous = await previousAt(place.absolute, place.path, options.profile);
  if (previous instanceof NotOurs) {
    say(`sallyport: ${place.path} is not replaced: ${previous.message}; name another file with --out`);
    return EXIT.refused;
  }
  const policy = policyOf(sources, others);
  const house = await openLockHouse(config, env, version, policy, say);
  /** The whole file with these pins. */
  const drafted = (pins: readonly WrittenPin[], waivers: readonly KeptWaiver[]) => {
    const ruled = form === 'rules' ? rulesFor(pins, exactRules(policy, options.profile, place.path)) : null;
    const review = pins
      .map((pin) => ({ ...pin, approvals: unapproved(policy, options.profile, pin) }))
      .filter(({ approvals }) => approvals.length > 0);
    const text = fileText({
      path: place.path,
      profile: options.profile,
      origins: given.map(({ lockfile, digest }) => ({ format: lockfile.format, digest })),
      pins,
      rules: ruled?.rules ?? null,
      days: daysFor(pins, previous, house.now()),
      review,
      waivers,
    });
    return { ruled, review, text, all: [...others, { path: place.path, text }] };
  };
  let collected: Collected;
  let waivers: KeptWaiver[];
  let ended: KeptWaiver[];
  let judged: WouldBe;
  try {
    collected = await collect(house, given);
    const locked = new Map(collected.pins.map((pin) => [keyOf(pin), new Set(pin.digests)]));
    [waivers, ended] = parted(previous.waivers, ({ ecosystem, subject, fields }) =>
      digestsOf(fields).some((digest) => locked.get(`${ecosystem} ${subject}`)?.has(digest)),
    );
    const { all, ruled } = drafted(collected.pins, waivers);
    // What does not load is not written, and cannot be decided under.
    const inForce = problemsOf(all).length > 0 ? null : parsePolicy(all, SCHEMES);
    const decided = collected.pins.filter((pin) => isWritten(pin, ruled?.flags ?? []));
    judged = inForce
      ? await wouldBe({ ...house, policy: inForce }, options.profile, decided, collected.bases)
      : NOTHING_DECIDED;
  } finally {
    await house.close();
  }
  const pins = collected.pins
    .filter((pin) => !judged.barred.has(keyOf(pin)))
    .map((pin) => withApprovals(pin, judged.approvals.get(keyOf(pin)) ?? []));
  const { ruled, review, text, all } = drafted(pins, waivers);
  const flags: readonly Flag[] = [...collected.flags, ...(ruled?.flags ?? []), ...judged.flags];
  const changes = changesOf(previous, pins, ruled?.rules ?? null);
  const unchanged = text === previous.text;
  const problems = [...lostWith(flags, previous), ...problemsOf(all)];
  const written = !unchanged && problems.length === 0 && options.dryRun !== true;
  if (written) await writeDurable(place.absolute, Buffer.from(text), MODE);

  const report: ImportReport = {
    file: place.path,
    profile: options.profile,
    fromIndex: ruled ? [] : pins.filter(({ fromIndex }) => fromIndex).map(keyOf),
    newProfile: !policy.profiles.has(options.profile),
    as: form,
    written,
    unchanged,
    lockfiles: given.map(({ lockfile, digest }) => ({
      format: lockfile.format,
      digest,
      packages: lockfile.packages.length,
    })),
    count: ruled ? ruled.rules.length : pins.length,
    ...changes,
    flags,
    review: review.flatMap((pin) =>
      pin.approvals.map(({ lifts }) => ({ ecosystem: pin.ecosystem, package: subjectOf(pin), lifts })),
    ),
    endedWaivers: ended.map(({ ecosystem, subject }) => `${ecosystem} ${subject}`),
    problems,
  };
  if (options.json) terminal.print(JSON.stringify(report));
  else {
    const { data, words } = importLines.report(report, options.dryRun === true);
    for (const line of data) terminal.print(line);
    for (const line of words) say(line);
  }
  return problems.length > 0 || flags.some(({ fails }) => fails) ? EXIT.refused : EXIT.ok;
}

/** Its rule is there: what could not be written as one was said, and is not decided. */
function isWritten({ ecosystem, name, version }: WrittenPin, flags: readonly Flag[]): boolean {
  return !flags.some(
    (one) =>
      one.fails &&
      one.ecosystem === ecosystem &&
      one.package === name &&
      (one.version === null || one.version === version),
  );
}

function withApprovals(pin: WrittenPin, more: WrittenPin['approvals']): WrittenPin {
  const known = new Set(pin.approvals.map(({ lifts }) => lifts));
  return { ...pin, approvals: [...pin.approvals, ...more.filter(({ lifts }) => !known.has(lifts))] };
}

/** What is there is ours, nothing, or in the way. */
async function previousAt(absolute: string, path: string, profile: string): Promise<Previous | NotOurs> {
  try {
    if (await isInTheWay(absolute)) return new NotOurs('it is no regular file');
    const text = await readFile(absolute, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    return text === null ? NOTHING_BEFORE : readPrevious({ path, text }, IDS, profile);
  } catch (error) {
    if (error instanceof NotOurs) return error;
    throw error;
  }
}

/** The policy as it is; where it does not load with what an earlier import left, without that. Throws PolicyError. */
function policyOf(sources: readonly PolicySource[], others: readonly PolicySource[]): Policy {
  try {
    return parsePolicy(sources, SCHEMES);
  } catch (error) {
    if (!(error instanceof PolicyError) || others.length === sources.length) throw error;
    return parsePolicy(others, SCHEMES);
  }
}

/** A registry that does not answer today is no reason to take away what it said before. */
function lostWith(flags: readonly Flag[], previous: Previous): readonly string[] {
  const unanswered = flags.filter(({ code }) => code === 'unreachable').length;
  if (unanswered === 0 || previous === NOTHING_BEFORE) return [];
  return [
    `the registry gives no index for ${unanswered} ${unanswered === 1 ? 'package' : 'packages'} whose digests only it has; try again`,
  ];
}

/** Why the allowlists would not load with the new file: `path:line:column: message`. */
function problemsOf(sources: readonly PolicySource[]): readonly string[] {
  try {
    parsePolicy(sources, SCHEMES);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`);
  }
}

/** The day on which each digest was taken from the index: the earlier one where it is still the same digest. */
function daysFor(pins: readonly WrittenPin[], previous: Previous, now: number): Map<string, string> {
  const today = new Date(now).toISOString().slice(0, 10);
  return new Map(
    pins
      .filter(({ fromIndex }) => fromIndex)
      .map((pin) => {
        const key = keyOf(pin);
        const same = previous.pins.get(key)?.join() === [...pin.digests].sort().join();
        return [key, (same ? previous.days.get(key) : undefined) ?? today];
      }),
  );
}

function parted<T>(items: readonly T[], is: (item: T) => boolean | undefined): [T[], T[]] {
  return [items.filter(is), items.filter((item) => !is(item))];
}
