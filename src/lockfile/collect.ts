import type { LockedPackage } from '../ecosystems/lockfile.ts';
import type { EcosystemId } from '../model/artifact.ts';
import { eachOf } from './each-of.ts';
import type { GivenLockfile } from './files.ts';
import { AT_ONCE, type LockHouse } from './house.ts';
import { flag, judgePackage, type PinBasis } from './judge.ts';
import { type MergedPackage, merged } from './merged.ts';
import { notesOf } from './notes.ts';
import { Origins } from './origins.ts';
import type { Flag, WrittenPin } from './pinned.ts';
import { isInternal } from './profile-names.ts';
import { keyOf } from './written.ts';

/** What lockfiles come to: what can be pinned, sorted, and all that is to be said. */
export interface Collected {
  readonly pins: readonly WrittenPin[];
  /** What is known of each pin, by `keyOf`. */
  readonly bases: ReadonlyMap<string, PinBasis>;
  readonly flags: readonly Flag[];
}

const SOURCES: Record<Exclude<LockedPackage['source'], 'registry'>, string> = {
  git: 'comes from a git repository, which cannot be pinned',
  url: 'comes from an address of its own, which cannot be pinned',
  file: 'comes from a file beside the project, which cannot be pinned',
};

export async function collect(house: LockHouse, given: readonly GivenLockfile[]): Promise<Collected> {
  const flags: Flag[] = [];
  const byName = new Map<string, MergedPackage[]>();
  for (const one of merged(given)) {
    const { locked } = one;
    if (isInternal(house.policy, locked)) {
      flags.push(flag(locked, 'internal', 'is internal: it is neither pinned nor asked for', false));
    } else if (locked.source !== 'registry') {
      flags.push(flag(locked, 'not-from-registry', SOURCES[locked.source], true));
    } else {
      const key = `${locked.ecosystem}\n${locked.name}`;
      const before = byName.get(key);
      if (before) before.push(one);
      else byName.set(key, [one]);
    }
  }
  const origins = new Origins(house);
  const judged = await eachOf([...byName.values()], AT_ONCE, async (versions) => {
    const results = await judgePackage(house, origins, versions);
    return results.map((result, i) => ({ ...result, locked: versions[i]?.locked }));
  });
  const elsewhere = new Elsewhere();
  for (const { locked, odd, flags: said } of judged.flat()) {
    flags.push(...said);
    for (const { kind, origin, confirmed } of locked ? odd : []) {
      if (!locked) continue;
      if (kind === 'another-package')
        flags.push(flag(locked, 'another-package', 'is locked to the address of another file', true));
      else elsewhere.add(locked, origin, kind, confirmed);
    }
  }
  flags.push(...elsewhere.flags());
  for (const { lockfile, filename } of given) {
    for (const { line, what, harmless } of notesOf(lockfile)) {
      const where = { package: null, version: null, line, ecosystem: lockfile.ecosystem };
      flags.push({ ...where, code: 'note', words: `${filename}: ${what}`, fails: harmless !== true });
    }
  }
  const pinned = judged.flat().flatMap(({ pin, basis }) => (pin ? [{ pin, basis }] : []));
  return {
    pins: pinned.map(({ pin }) => pin),
    bases: new Map(pinned.map(({ pin, basis }) => [keyOf(pin), basis])),
    flags,
  };
}

/** How many names are said of one origin; a lockfile that was made behind a mirror has them all there. */
const SHOWN = 3;

interface Group {
  readonly ecosystem: EcosystemId;
  readonly words: string;
  readonly fails: boolean;
  readonly names: string[];
}

/** Packages whose address is elsewhere, by origin. */
class Elsewhere {
  readonly #groups = new Map<string, Group>();

  /** `confirmed`: the digest is the registry's, so that it does not matter where the lockfile says that it is. */
  add(locked: LockedPackage, origin: string | null, kind: string, confirmed: boolean): void {
    const where = origin ?? 'an address that cannot be read';
    const how = kind === 'insecure' ? ', without TLS' : '';
    const words = `at ${where}${how}, which is not where this registry's files are${
      confirmed
        ? '; the digests are those that the registry declares'
        : ', and no digest says that they are its files'
    }`;
    const key = `${locked.ecosystem}\n${words}`;
    const fails = !confirmed || kind === 'unreadable';
    const group = this.#groups.get(key) ?? { ecosystem: locked.ecosystem, words, fails, names: [] };
    group.names.push(`${locked.name}@${locked.version}`);
    this.#groups.set(key, group);
  }

  flags(): Flag[] {
    return [...this.#groups.values()].map(({ ecosystem, words, fails, names }): Flag => {
      const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
      return {
        code: 'resolved-elsewhere',
        ecosystem,
        package: null,
        version: null,
        line: null,
        words: `${names.slice(0, SHOWN).join(', ')}${more} ${names.length > 1 ? 'are' : 'is'} locked to files ${words}`,
        fails,
      };
    });
  }
}
